package hubtest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxRequestBody bounds what a service may send, in bytes.
const maxRequestBody = 1 << 20

// Service is the hub's service API: the paths, bodies, tokens, entity tags
// and errors of IoT Hub's REST API, any api-version. It asks for a token of
// the policy iothubowner if Options.PolicyKey is set. Source: Microsoft's "IoT
// Hub service REST API".
//
//	GET PUT DELETE    /devices/{id}                          the registry
//	GET               /devices?top=1000
//	GET               /devices/{id}/modules
//	GET PUT DELETE    /devices/{id}/modules/{module}
//	POST              /devices/query                         SELECT * FROM devices, in pages
//	GET PATCH PUT     /twins/{id}[/modules/{module}]         twins
//	POST              /twins/{id}[/modules/{module}]/methods direct methods
//	DELETE            /devices/{id}/commands                 drop waiting C2D messages
//	GET               /messages/serviceBound/feedback        what became of them
//	DELETE            /messages/serviceBound/feedback/{lock}
//	POST              /messages/serviceBound/feedback/{lock}/abandon
//	GET               /statistics/devices, /statistics/service
//
// And one path that the real hub lacks, for services send C2D messages to it
// over AMQP only:
//
//	POST /devices/{id}/messages/devicebound  204; the body is the payload. Headers, or query
//	                                         parameters of the same names, which keep upper case:
//	                                         iothub-messageid, -correlationid, -userid, -ack,
//	                                         -expiry, -contenttype, -contentencoding, and
//	                                         iothub-app-NAME for a property
func (h *Hub) Service() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]apiFunc{
		"GET /devices":             h.listDevices,
		"GET /devices/{$}":         h.listDevices,
		"GET /devices/{id}":        h.getDevice,
		"PUT /devices/{id}":        h.putDevice,
		"DELETE /devices/{id}":     h.deleteDevice,
		"POST /devices/query":      h.query,
		"GET /statistics/{of}":     h.statistics,
		"GET /twins/{id}":          h.getTwin,
		"PATCH /twins/{id}":        h.patchTwin,
		"PUT /twins/{id}":          h.putTwin,
		"POST /twins/{id}/methods": h.postMethod,

		"GET /devices/{id}/modules":                 h.listModules,
		"GET /devices/{id}/modules/{module}":        h.getDevice,
		"PUT /devices/{id}/modules/{module}":        h.putDevice,
		"DELETE /devices/{id}/modules/{module}":     h.deleteDevice,
		"GET /twins/{id}/modules/{module}":          h.getTwin,
		"PATCH /twins/{id}/modules/{module}":        h.patchTwin,
		"PUT /twins/{id}/modules/{module}":          h.putTwin,
		"POST /twins/{id}/modules/{module}/methods": h.postMethod,

		"POST /devices/{id}/messages/devicebound":             h.postC2D,
		"DELETE /devices/{id}/commands":                       h.deleteCommands,
		"GET /messages/serviceBound/feedback":                 h.getFeedback,
		"DELETE /messages/serviceBound/feedback/{lock}":       h.completeFeedback,
		"POST /messages/serviceBound/feedback/{lock}/abandon": h.abandonFeedback,
		"/": func(*http.Request) (reply, error) { return reply{}, errNoPath },
	} {
		mux.Handle(pattern, h.api(serve))
	}
	return mux
}

// reply is an answer of the service API: 204 without a body.
type reply struct {
	body   any    // of JSON
	etag   string // unquoted
	header map[string]string
}

// apiFunc serves one path.
type apiFunc func(*http.Request) (reply, error)

// api checks the token, and records what became of the request.
func (h *Hub) api(serve apiFunc) http.Handler {
	return h.open(func(r *http.Request) (reply, error) {
		answer, err := h.authorized(r, serve)
		e := Event{Kind: EventService, Device: r.PathValue("id"), Module: r.PathValue("module"), Topic: r.Method + " " + r.URL.Path}
		switch {
		case err != nil:
			failed := asAPIError(err)
			e.Code, e.Detail = failed.status, failed.code
		case answer.body == nil:
			e.Code = http.StatusNoContent
		default:
			e.Code = http.StatusOK
		}
		_ = h.emit(e) // not recorded is logged already, and the request is done
		return answer, err
	})
}

// authorized serves a request whose token is good.
func (h *Hub) authorized(r *http.Request, serve apiFunc) (reply, error) {
	if why := h.authorize(r); why != "" {
		return reply{}, &apiError{401, "IotHubUnauthorizedAccess", 401003, "Unauthorized: " + string(why)}
	}
	return serve(r)
}

// open writes what serve returns.
func (h *Hub) open(serve apiFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBody)
		answer, err := serve(r)
		if err != nil {
			h.writeError(w, err)
			return
		}
		answer.write(w)
	})
}

// authorize says why the request's token is not good, or "".
func (h *Hub) authorize(r *http.Request) Reason {
	policies := h.opts.policies()
	if policies == nil {
		return ""
	}
	resource := append([]string{h.opts.Hostname}, strings.Split(strings.Trim(r.URL.Path, "/"), "/")...)
	_, why := sasCheck{
		resource: resource, policies: policies, now: h.now(), grace: h.opts.TokenGrace,
	}.check(r.Header.Get("Authorization"))
	return why
}

func (a reply) write(w http.ResponseWriter) {
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	if a.etag != "" {
		w.Header().Set("ETag", strconv.Quote(a.etag))
	}
	if a.body == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(a.body) // the client went away
}

// readJSON reads a request's body into v.
func readJSON(r *http.Request, v any) error {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return &apiError{400, "ArgumentInvalid", 400004, "the body is not the JSON wanted: " + err.Error()}
	}
	return nil
}

// target is the identity that a request is about.
func (h *Hub) target(r *http.Request) (*device, error) {
	return h.device(login{device: r.PathValue("id"), module: r.PathValue("module")}.clientID())
}

// checkMatch compares If-Match with the entity tag there is. Without it any
// will do.
func checkMatch(r *http.Request, etag string) error {
	want := strings.Trim(r.Header.Get("If-Match"), `"`)
	if want == "" || want == "*" || want == etag {
		return nil
	}
	return &apiError{412, "PreconditionFailed", 412001, "the entity tag is another: want " + etag}
}
