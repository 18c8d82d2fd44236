package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// rootCAs reads the CA file; nil stands for the system's roots.
func (v validator) rootCAs(s section, file string) *x509.CertPool {
	return v.rootsOf(s, "ca_file", file)
}

// rootsOf reads a file of certificates that key names; nil without a file.
func (v validator) rootsOf(s section, key, file string) *x509.CertPool {
	if file == "" {
		return nil
	}
	src, err := v.env.read(file)
	if err != nil {
		s.fail(key, "%v; name a file of PEM certificates, or leave it empty", err)
		return nil
	}
	pool, err := parseRoots(src.data)
	if err != nil {
		s.fail(key, "%s: %v", file, err)
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
