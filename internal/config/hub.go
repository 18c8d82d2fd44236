package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math"
	"time"

	"gatewayd/hub"
)

// maxKeepAlive is the longest that still counts: the hub closes after 1.5
// times the keep-alive, and after 29.45 minutes in any case (Microsoft,
// "Communicate with an IoT hub using the MQTT protocol").
const maxKeepAlive = 1177 * time.Second

func (v validator) hub(raw rawHub) Hub {
	s := v.top.in("hub")
	h := Hub{
		CAFile:         v.path(raw.CAFile),
		SASTTL:         s.duration("sas_ttl", raw.SASTTL, 5*time.Minute, 365*day),
		KeepAlive:      s.duration("keep_alive", raw.KeepAlive, 10*time.Second, maxKeepAlive),
		PubackTimeout:  s.duration("puback_timeout", raw.PubackTimeout, 5*time.Second, time.Hour),
		ConnectTimeout: s.duration("connect_timeout", raw.ConnectTimeout, time.Second, 10*time.Minute),
		ConnectRate:    raw.ConnectRate,
		ConnectBurst:   int(raw.ConnectBurst),
		APIVersion:     raw.APIVersion,
	}
	h.Host, h.Port = hubHost(s, raw.Host)
	h.RootCAs = v.rootCAs(s, h.CAFile)
	if h.KeepAlive%time.Second != 0 {
		s.fail("keep_alive", "has a fraction of a second; MQTT counts whole seconds")
	}
	within(s, "connect_rate", raw.ConnectRate, 0.01, 1000)
	within(s, "connect_burst", raw.ConnectBurst, 1, math.MaxUint16)
	if _, err := time.Parse(time.DateOnly, raw.APIVersion); err != nil {
		s.fail("api_version", "not an API version; want a date such as 2021-04-12")
	}
	return h
}

// hubHost splits host. The message does not quote it: a whole connection
// string may have been put here.
func hubHost(s section, host string) (string, uint16) {
	if host == "" {
		s.fail("host", "missing; add the host name of the IoT hub, such as contoso.azure-devices.net")
		return "", 0
	}
	name, port, err := hub.ParseHost(host)
	if err != nil {
		s.fail("host", "not a host name; want host or host:port, such as contoso.azure-devices.net")
	}
	return name, port
}

// rootCAs reads the CA file; nil stands for the system's roots.
func (v validator) rootCAs(s section, file string) *x509.CertPool {
	if file == "" {
		return nil
	}
	src, err := v.env.read(file)
	if err != nil {
		s.fail("ca_file", "%v; name a file of PEM certificates, or leave it empty for the system's roots", err)
		return nil
	}
	pool, err := parseRoots(src.data)
	if err != nil {
		s.fail("ca_file", "%s: %v", file, err)
	}
	return pool
}

// parseRoots reads PEM certificates. Unlike x509.CertPool's own method it
// minds every one of them.
func parseRoots(data []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errors.New("holds a damaged certificate; copy the file again")
		}
		pool.AddCert(cert)
		found = true
	}
	if !found {
		return nil, errors.New("holds no PEM certificate; want -----BEGIN CERTIFICATE----- blocks")
	}
	return pool, nil
}
