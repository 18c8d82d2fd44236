package control

import (
	"encoding/json"
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
