package status

import (
	"encoding/json"
	"net/http"
)

// Part is one of what the daemon is made of, and how it is.
type Part struct {
	Name   string `json:"name"` // radio, clock, queue, hub
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"` // why not, and what to do
}

// Alive reports whether the daemon gets around; why not is for people.
type Alive func() (ok bool, why string)

// Ready tells how each part is.
type Ready func() []Part

// healthz answers 200 while the daemon gets around.
func healthz(alive Alive) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		ok, why := alive()
		answer(w, ok, map[string]any{"ok": ok, "reason": why})
	}
}

// readyz answers 200 while every part is well, and 503 with what is not.
func readyz(ready Ready) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		parts := ready()
		all := true
		for _, p := range parts {
			all = all && p.OK
		}
		answer(w, all, map[string]any{"ok": all, "parts": parts})
	}
}

func answer(w http.ResponseWriter, ok bool, v any) {
	status := http.StatusOK
	if !ok {
		status = http.StatusServiceUnavailable
	}
	raw, err := json.Marshal(v)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"ok":false}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n'))
}
