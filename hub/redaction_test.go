package hub

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"gatewayd/internal/secret"
)

// hiddenWords are what must not be printed, in every form it could take.
type hiddenWords []string

func (s *hiddenWords) add(raw []byte) {
	text := string(raw)
	*s = append(*s, text, hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		base64.StdEncoding.EncodeToString(raw), strings.Trim(fmt.Sprintf("%d", raw), "[]"))
}

// Nothing that holds a secret prints it, however it is asked to.
func TestNothingPrintsSecrets(t *testing.T) {
	var hidden hiddenWords
	key, err := NewDeviceKey(secret.NewText(keyV1))
	if err != nil {
		t.Fatal(err)
	}
	hidden.add(decode(t, keyV1))
	token, err := NewSASToken(secret.NewText(tokenV1))
	if err != nil {
		t.Fatal(err)
	}
	hidden = append(hidden, "Pkc%2Fo02dqdnXP30btE9LPV8g", "Pkc/o02dqdnXP30btE9LPV8g")
	group, err := NewGroupKey(secret.NewText(groupKeyV8))
	if err != nil {
		t.Fatal(err)
	}
	hidden.add(decode(t, groupKeyV8))
	hidden.add(decode(t, "Pmh705dBuXWVhIrslZViI4Ta87UVs7BIrZVs6+hcGJw="))
	certFile, keyFile := clientFiles(t, t.TempDir(), "lora1", time.Now().Add(time.Hour))
	pem, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	hidden = append(hidden, strings.Split(string(pem), "\n")[1])
	x509, err := NewCertificate(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	provisioner, err := NewProvisioner(ProvisionerOptions{IDScope: testScope, Clock: trustedClock()})
	if err != nil {
		t.Fatal(err)
	}
	device := Device{ID: "lora1", Credential: group.DeviceKey("lora-a81758fffe03abcd"), Provisioning: Provisioning{provisioner, "lora1"}}
	supervisor, err := NewSupervisor(Options{Host: testHost, Clock: trustedClock()})
	if err != nil {
		t.Fatal(err)
	}
	supervisor.Apply([]Device{device, {ID: "b", Credential: key}, {ID: "c", Credential: token}, {ID: "d", Credential: x509}})
	c := newConnection(supervisor.shared, device)
	e, err := c.endpoints.get("")
	if err != nil {
		t.Fatal(err)
	}
	who, _, err := c.login(e, "lora1")
	if err != nil {
		t.Fatal(err)
	}
	hidden = append(hidden, who.password.Reveal(), strings.Split(who.password.Reveal(), "sig=")[1][:20])

	values := map[string]any{
		"key": key, "token": token, "group": group, "derived": device.Credential, "certificate": x509,
		"device": device, "devices": []Device{device, {Credential: key}}, "supervisor": supervisor, "connection": c,
		"login": who, "provisioner": provisioner, "status": supervisor.Status(), "pointer": &device,
		"string": ConnectionString{Host: "h", DeviceID: "d", Credential: key}, "error": error(credentialError{fmt.Errorf("%v", key)}),
	}
	for name, v := range values {
		for _, printed := range prints(v) {
			for _, s := range hidden {
				if strings.Contains(printed, s) {
					t.Errorf("%s prints a secret: %.200s", name, printed)
				}
			}
		}
	}
}

// prints are all ways to print v that anybody would think of.
func prints(v any) []string {
	var all []string
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		all = append(all, fmt.Sprintf(format, v))
	}
	if encoded, err := json.Marshal(v); err == nil {
		all = append(all, string(encoded))
	}
	var out bytes.Buffer
	for _, encoder := range []zapcore.Encoder{
		zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()),
		zapcore.NewConsoleEncoder(zap.NewDevelopmentEncoderConfig()),
	} {
		log := zap.New(zapcore.NewCore(encoder, zapcore.AddSync(&out), zap.DebugLevel))
		log.Info("value", zap.Any("any", v), zap.Reflect("reflect", v))
		log.Sugar().Infow("value", "sugar", v)
		log.Sugar().Info(v)
	}
	return append(all, out.String())
}
