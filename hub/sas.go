package hub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"
)

// sasPrefix is the first of the two words of a token.
const sasPrefix = "SharedAccessSignature"

// SignSAS returns the SAS token that a device's raw key signs for resource,
// "{host}/devices/{id}" for a device, good until expires (whole seconds). The
// resource is signed as it stands: neither host nor id changes case.
//
// Source: Microsoft, "Control access with shared access signatures".
func SignSAS(resource string, key []byte, expires time.Time) string {
	sr := escape(resource)
	se := strconv.FormatInt(expires.Unix(), 10)
	return sasPrefix + " sr=" + sr + "&sig=" + escape(sasSignature(sr, se, key)) + "&se=" + se
}

// sasSignature signs sr exactly as it will stand in the token: the hub
// computes over the text it receives, so "%2F" and "%2f" differ.
func sasSignature(sr, se string, key []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(sr + "\n" + se)) // a hash never fails to take bytes
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Resource is what a device's token is for: "{host}/devices/{id}", host
// without a port.
func Resource(host, deviceID string) string { return host + "/devices/" + deviceID }

// escape percent-encodes everything but the unreserved characters of RFC
// 3986, in upper-case hexadecimal.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+len(s)/4)
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}

// unescape undoes percent-encoding. A '+' stays a '+', and text that is not
// properly encoded stays as it is, as in Uri.UnescapeDataString.
func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
