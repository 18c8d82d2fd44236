package control

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Answer writes v as the answer to a request.
func Answer(w http.ResponseWriter, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		Refuse(w, http.StatusInternalServerError, "internal", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(raw, '\n'))
}

// Refuse writes why a request was refused.
func Refuse(w http.ResponseWriter, status int, reason, detail string) {
	raw, err := json.Marshal(map[string]Error{"error": {reason, detail}})
	if err != nil {
		raw = []byte("{}")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 1 << 20

// Read decodes the body of a request into v, strictly.
func Read(w http.ResponseWriter, r *http.Request, v any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the request is not the JSON that is wanted: %w", err)
	}
	return nil
}
