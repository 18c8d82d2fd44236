package config

import (
	"cmp"
	"crypto/x509"
	"strings"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// DPS is the Device Provisioning Service. It is reached over the transport of
// [hub], and through its proxy.
type DPS struct {
	IDScope string // "" if there is none
	Host    string // without port
	Port    uint16 // TCP
	CAFile  string // "" for the system's roots
	RootCAs *x509.CertPool
}

// What the key "provisioning" may say.
const (
	provisionDPS  = "dps"
	provisionNone = "none"
)

// dps reads [dps]; a is made to use it.
func (v validator) dps(raw rawDPS, main Hub, a *azure) DPS {
	s := v.top.in("dps")
	d := DPS{IDScope: raw.IDScope, CAFile: main.CAFile, RootCAs: main.RootCAs}
	var err error
	if d.Host, d.Port, err = hostPort(raw.Host, main.Transport); err != nil {
		s.fail("host", "not a host name; want host or host:port, such as %s", hub.GlobalProvisioningHost)
	}
	if raw.CAFile != "" {
		d.CAFile = v.path(raw.CAFile)
		d.RootCAs = v.rootCAs(s, d.CAFile)
	}
	if strings.ContainsFunc(d.IDScope, func(r rune) bool { return r <= ' ' || strings.ContainsRune("/?&+#=;", r) }) {
		s.fail("id_scope", "not an id scope; want that of the provisioning service's overview page, such as 0ne00ABCDEF")
	}
	a.idScope, a.allNodes = d.IDScope, raw.AllNodes
	if a.groupGiven = s.filled("group_key", string(raw.GroupKey)); a.groupGiven {
		a.group = groupKey(s, raw.GroupKey)
	}
	if (a.groupGiven || raw.AllNodes) && d.IDScope == "" {
		s.fail("id_scope", "missing; add the one of the provisioning service's overview page, such as 0ne00ABCDEF")
	}
	return d
}

// groupKey reads the key of an enrolment group; nil if there is none to read.
func groupKey(s section, text secretText) *hub.GroupKey {
	k, err := hub.NewGroupKey(secret.NewText(string(text)))
	if err != nil {
		s.fail("group_key", "%s", unquoted(err, "group key "))
		return nil
	}
	s.warn("group_key", "whoever gets it can be any device of the group; safer is a device_key for each node, derived elsewhere")
	warnGuessableDevice(s, "group_key", text)
	return &k
}

// provisioned says whether a device's hub is found by the provisioning
// service.
func (a azure) provisioned(s section, raw rawCredential) bool {
	if !s.filled("provisioning", raw.Provisioning) {
		return a.allNodes && raw.ConnectionString == "" && raw.SASToken == "" && raw.Hub == ""
	}
	if s.oneOf("provisioning", raw.Provisioning, provisionDPS, provisionNone) != provisionDPS {
		return false
	}
	if a.idScope == "" {
		s.fail("provisioning", "there is no provisioning service; add [dps] with id_scope")
	}
	return true
}

// registration reads a device that is provisioned.
func (a azure) registration(s section, raw rawCredential, devEUI string) Identity {
	id := Identity{RegistrationID: cmp.Or(raw.RegistrationID, raw.DeviceID, registrationOf(devEUI))}
	id.DeviceID = cmp.Or(raw.DeviceID, id.RegistrationID)
	switch {
	case s.refuseFilled("names a hub, but it is the provisioning service that does; remove it, or provisioning",
		keyValue{"connection_string", string(raw.ConnectionString)}, keyValue{"sas_token", string(raw.SASToken)}, keyValue{"hub", raw.Hub}):
	case id.RegistrationID == "" && s.has("dev_eui"): // which is wrong, and reported where it stands
	case id.RegistrationID == "":
		s.fail("registration_id", "missing; add it, or device_id, or dev_eui for a name made of it")
	case hub.CheckRegistrationID(id.RegistrationID) != nil:
		s.fail("registration_id", "not a registration id; want 1 to 128 letters, digits and . _ : - with a letter or digit first and no . _ : last; "+
			"it is device_id unless it is given")
	default:
		id.Credential = a.attestation(s, raw, id.RegistrationID)
	}
	return id
}

// attestation is what a device proves to be registrationID with.
func (a azure) attestation(s section, raw rawCredential, registrationID string) hub.Credential {
	switch given := raw.given(s); {
	case len(given) > 1:
		s.fail(given[1], "%s is given too; keep one of them", given[0])
	case len(given) == 0 && a.group != nil:
		return a.group.DeviceKey(registrationID)
	case len(given) == 0 && !a.groupGiven:
		s.fail("device_key", "missing; add device_key, x509_cert and x509_key, or dps.group_key for all")
	case len(given) == 0:
	case given[0] == "device_key":
		return deviceKey(s, raw)
	case given[0] == "x509_cert":
		c := a.certificate(s, raw)
		s.checkCertificate(c, registrationID)
		return c
	}
	return nil
}
