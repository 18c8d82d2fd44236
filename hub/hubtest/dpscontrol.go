package hubtest

import "net/http"

// enrollmentBody is the body of a PUT of an enrolment.
type enrollmentBody struct {
	Keys        []string `json:"keys"`
	Thumbprints []string `json:"thumbprints"`
	CA          string   `json:"ca"` // PEM
	DeviceID    string   `json:"deviceId"`
	Hub         string   `json:"hub"`
	Disabled    bool     `json:"disabled"`
}

// Control is a test's view of the provisioning service. It asks for no token.
//
//	PUT    /emulator/dps/enrollments/{id}  enrol a device: {"keys": [...]} in base64, or {"thumbprints":
//	                                       [...]}; also "deviceId", "hub", "disabled". 204
//	PUT    /emulator/dps/groups/{id}       enrol a group: "keys", or "ca" with PEM. 204
//	DELETE either                          forget it. 204
//	POST   /emulator/dps/faults            order a fault, as for the hub; "device" is a registration id. 204
//	DELETE /emulator/dps/faults            forget all faults. 204
func (p *Provisioning) Control() http.Handler {
	mux := http.NewServeMux()
	remove := func(r *http.Request) (reply, error) {
		p.Remove(r.PathValue("id"))
		return reply{}, nil
	}
	for pattern, serve := range map[string]apiFunc{
		"PUT /emulator/dps/enrollments/{id}":    p.controlEnroll(p.Enroll),
		"PUT /emulator/dps/groups/{id}":         p.controlEnroll(p.EnrollGroup),
		"DELETE /emulator/dps/enrollments/{id}": remove,
		"DELETE /emulator/dps/groups/{id}":      remove,
		"POST /emulator/dps/faults":             controlFault(p.Inject),
		"DELETE /emulator/dps/faults": func(r *http.Request) (reply, error) {
			p.ClearFaults(r.URL.Query().Get("device"))
			return reply{}, nil
		},
	} {
		mux.Handle(pattern, p.hub().open(serve))
	}
	return mux
}

// controlEnroll serves a PUT with one of the two ways to enrol.
func (p *Provisioning) controlEnroll(enroll func(Enrollment) error) apiFunc {
	return func(r *http.Request) (reply, error) {
		var b enrollmentBody
		if err := readStrictly(r, &b); err != nil {
			return reply{}, err
		}
		return reply{}, enroll(Enrollment{
			ID: r.PathValue("id"), Keys: b.Keys, Thumbprints: b.Thumbprints, CA: []byte(b.CA),
			DeviceID: b.DeviceID, Hub: b.Hub, Disabled: b.Disabled,
		})
	}
}
