package config

import (
	"strings"

	"gatewayd/hub"
	"gatewayd/radio"
)

// Identity is a device of a hub: that of a node, of a group or of the gateway.
type Identity struct {
	DeviceID   string // with RegistrationID the name until the provisioning service has assigned one
	Credential hub.Credential
	Hub        string // host of an OtherHub; "" for that of [hub]
	// RegistrationID is that of the provisioning service; "" if the hub is
	// known.
	RegistrationID string
}

// identity reads who a device is. devEUI is that of a node; a device that is
// provisioned may be named after it.
func (a azure) identity(s section, raw rawCredential, devEUI string) Identity {
	if raw.DeviceID != "" && hub.CheckDeviceID(raw.DeviceID) != nil {
		s.fail("device_id", "not a device id; want 1 to 128 letters, digits and . _ : - with a letter or digit first")
	}
	if a.provisioned(s, raw) {
		return a.registration(s, raw, devEUI)
	}
	s.refuseFilled(`does nothing unless provisioning is "dps"; remove it`, keyValue{"registration_id", raw.RegistrationID})
	if raw.DeviceID == "" && !s.filled("connection_string", string(raw.ConnectionString)) {
		s.fail("device_id", "missing; add the id of the device in the hub")
	}
	id := Identity{DeviceID: raw.DeviceID, Hub: a.hubOf(s, raw.Hub)}
	switch given := raw.given(s); {
	case len(given) == 0:
		s.fail("device_key", "missing; add device_key, connection_string, sas_token, or x509_cert and x509_key")
	case len(given) > 1:
		s.fail(given[1], "%s is given too; keep one of them", given[0])
	default:
		a.credential(s, raw, given[0], &id)
	}
	return id
}

// registrationOf is how a node is named that has no name but its DevEUI.
func registrationOf(devEUI string) string {
	eui, err := radio.ParseEUI64(devEUI)
	if err != nil {
		return ""
	}
	return "lora-" + strings.ToLower(eui.String())
}

// unique registers what only one device may be.
func (i Identity) unique(s section, u used) bool {
	const advice = "every node, every group and the gateway need a device of their own"
	if i.DeviceID != "" && !unique(s, u.deviceIDs, "device_id", i.DeviceID, advice) {
		return false
	}
	return i.RegistrationID == "" || unique(s, u.registrations, "registration_id", strings.ToLower(i.RegistrationID), advice)
}
