package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"gatewayd/internal/secret"
)

// Topics of the provisioning service. Source: Microsoft, "Communicate with
// DPS using the MQTT protocol".
const (
	registrationFilter   = "$dps/registrations/res/#"
	registrationResponse = "$dps/registrations/res/"
	registerTopic        = "$dps/registrations/PUT/iotdps-register/?$rid="
	operationTopic       = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid="
)

const (
	provisioningTTL      = time.Hour       // of a token
	defaultPollWait      = 2 * time.Second // when the service names none, as in Microsoft's SDKs
	maxPollWait          = time.Minute
	maxRetryAfter        = time.Hour // before the next registration
	maxRegistration      = 3 * time.Minute
	maxRegistrationPolls = 60
)

// errUndecided is a service that does not come to a decision in time. The next
// registration asks for the same one.
var errUndecided = errors.New("registration is still under way")

// provisioningError is the service's refusal.
type provisioningError struct {
	status     int    // like those of HTTP
	code       int    // the service's own, 0 if there is none
	message    string // the service's own
	retryAfter time.Duration
}

func (e provisioningError) Error() string {
	return fmt.Sprintf("provisioning status %d, code %d: %.200q", e.status, e.code, e.message)
}

// retryable reports whether the same registration may succeed later.
func (e provisioningError) retryable() bool { return retryable(e.status) }

// registrationAnswer is what the service says.
type registrationAnswer struct {
	status     int
	retryAfter time.Duration
	body       registrationBody
}

// registrationBody is the JSON of an answer or of an error.
type registrationBody struct {
	OperationID       string `json:"operationId"`
	Status            string `json:"status"`
	ErrorCode         int    `json:"errorCode"`
	Message           string `json:"message"`
	RegistrationState struct {
		AssignedHub       string  `json:"assignedHub"`
		DeviceID          string  `json:"deviceId"`
		ErrorCode         int     `json:"errorCode"`
		ErrorMessage      string  `json:"errorMessage"`
		ConnectionProfile *string `json:"connectionProfile"`
	} `json:"registrationState"`
}

// register runs one registration from CONNECT to DISCONNECT.
func (p *Provisioner) register(ctx context.Context, id string, c Credential, modelID string) (Assignment, error) {
	who, err := p.login(id, c)
	if err != nil {
		return Assignment{}, credentialError{err}
	}
	opening, cancel := context.WithTimeout(ctx, p.options.Timeout)
	defer cancel()
	s, err := openSession(opening, who)
	if err != nil {
		return Assignment{}, &stepError{stepProvision, err}
	}
	defer s.close()
	defer s.endWith(ctx)()
	a, err := p.converse(ctx, s, id, modelID)
	if err != nil {
		return Assignment{}, &stepError{stepProvision, err}
	}
	return a, nil
}

// login puts together what to connect with.
func (p *Provisioner) login(id string, c Credential) (login, error) {
	resource := p.options.IDScope + "/registrations/" + id
	token, _, err := c.Token(resource, p.options.Clock.Now(), provisioningTTL)
	if err != nil {
		return login{}, err
	}
	if !token.IsZero() { // the policy's name is not part of what is signed
		token = secret.NewText(token.Reveal() + "&skn=registration")
	}
	certificate, err := clientCertificate(c)
	return login{
		endpoint: p.endpoint, deviceID: id, password: token, certificate: certificate, clean: true,
		userName:  resource + "/api-version=" + provisioningVersion,
		keepAlive: maxPollWait + 2*p.options.Timeout, // longer than any silence in between
	}, err
}

// converse registers and asks until the service has decided. One that is busy
// meanwhile is asked on: a registration from the start would cost it more. It
// takes no longer than maxRegistration and an answer: others wait for its place.
func (p *Provisioner) converse(ctx context.Context, s *session, id, modelID string) (Assignment, error) {
	if err := p.subscribe(s); err != nil {
		return Assignment{}, err
	}
	begin := time.Now()
	answer, err := p.ask(s, registerTopic+"1", "1", registrationPayload(id, modelID))
	operation := answer.body.OperationID
	for n := 2; err == nil && operation != "" && (answer.pending() || n > 2 && retryable(answer.status)); n++ {
		pause := min(answer.retryAfter, maxPollWait)
		if n > maxRegistrationPolls || time.Since(begin)+pause > maxRegistration {
			return Assignment{}, errUndecided
		}
		if err := wait(ctx, pause); err != nil {
			return Assignment{}, err
		}
		rid := strconv.Itoa(n)
		answer, err = p.ask(s, operationTopic+rid+"&operationId="+operation, rid, nil)
	}
	if err != nil {
		return Assignment{}, err
	}
	return answer.assignment()
}

// subscribe listens for answers.
func (p *Provisioner) subscribe(s *session) error {
	late := time.AfterFunc(p.options.Timeout, func() { s.fail(context.DeadlineExceeded) })
	defer late.Stop()
	return s.subscribe([]string{registrationFilter}, func(*packets.PublishPacket) error { return nil })
}

// ask publishes a request and waits for its answer.
func (p *Provisioner) ask(s *session, topic, rid string, body []byte) (registrationAnswer, error) {
	late := time.AfterFunc(p.options.Timeout, func() { s.fail(context.DeadlineExceeded) })
	defer late.Stop()
	if err := s.publish(topic, body, 0, 0); err != nil {
		return registrationAnswer{}, err
	}
	for {
		packet, err := s.read()
		if err != nil {
			return registrationAnswer{}, err
		}
		pub, is := packet.(*packets.PublishPacket)
		if !is {
			continue
		}
		if pub.Qos > 0 {
			if err := s.acknowledge(pub.MessageID); err != nil {
				return registrationAnswer{}, err
			}
		}
		if answer, to, ok := parseRegistration(pub.TopicName, pub.Payload); ok && to == rid {
			return answer, nil
		}
	}
}

// registrationPayload is the body of a registration.
func registrationPayload(id, modelID string) []byte {
	type payload struct {
		ModelID string `json:"modelId"`
	}
	request := struct {
		RegistrationID string   `json:"registrationId"`
		Payload        *payload `json:"payload,omitempty"`
	}{RegistrationID: id}
	if modelID != "" {
		request.Payload = &payload{modelID}
	}
	b, _ := json.Marshal(request) // of strings: it cannot fail
	return b
}

// parseRegistration reads "$dps/registrations/res/{status}/?$rid={rid}
// &retry-after={s}", the parameters in any order.
func parseRegistration(topic string, body []byte) (a registrationAnswer, rid string, ok bool) {
	rest, ok := strings.CutPrefix(topic, registrationResponse)
	status, query, cut := strings.Cut(rest, "/")
	if !ok || !cut {
		return a, "", false
	}
	var err error
	if a.status, err = strconv.Atoi(status); err != nil {
		return a, "", false
	}
	a.retryAfter = defaultPollWait
	if seconds, err := strconv.Atoi(parameter(query, "retry-after")); err == nil && seconds >= 0 {
		a.retryAfter = time.Duration(min(seconds, int(maxRetryAfter.Seconds()))) * time.Second
	}
	_ = json.Unmarshal(body, &a.body) // what is missing is judged by whoever needs it
	return a, parameter(query, "$rid"), true
}

// pending reports whether the service has yet to decide.
func (a registrationAnswer) pending() bool {
	return a.status < 300 && (a.body.Status == "assigning" || a.body.Status == "unassigned")
}

// assignment is the decision. A status of 200 does not mean that there is one.
func (a registrationAnswer) assignment() (Assignment, error) {
	state := a.body.RegistrationState
	if a.status >= 300 {
		return Assignment{}, provisioningError{a.status, a.body.ErrorCode, a.body.Message, a.retryAfter}
	}
	if a.pending() { // and no operation to ask after
		return Assignment{}, errUndecided
	}
	if a.body.Status != "assigned" {
		return Assignment{}, provisioningError{status: 403, code: state.ErrorCode, message: strings.TrimSpace(a.body.Status + " " + state.ErrorMessage)}
	}
	if profile := state.ConnectionProfile; profile != nil && *profile != "classic" {
		return Assignment{}, profileError{*profile}
	}
	place := Assignment{Host: state.AssignedHub, DeviceID: state.DeviceID}
	if err := place.check(); err != nil {
		return Assignment{}, fmt.Errorf("provisioning service: assignment: %w", err)
	}
	return place, nil
}

// profileError is a hub that does not speak the classic protocol.
type profileError struct{ profile string }

func (e profileError) Error() string {
	return fmt.Sprintf("assigned to a hub with connection profile %q", e.profile)
}
