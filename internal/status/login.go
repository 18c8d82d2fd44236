package status

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"time"

	"golang.org/x/time/rate"
)

// User is the user name of the page; the password is the token.
const User = "gatewayd"

// failures bounds how fast passwords can be tried, all clients together.
func failures() *rate.Limiter { return rate.NewLimiter(rate.Every(2*time.Second), 10) }

// login asks for the token, except for what only says that the daemon is well.
// With an empty token everything is open: the listener is this machine's own.
func login(token string, next http.Handler) http.Handler {
	if token == "" {
		return next
	}
	want, wrong := sha256.Sum256([]byte(token)), failures()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			next.ServeHTTP(w, r)
			return
		}
		user, password, given := r.BasicAuth()
		got := sha256.Sum256([]byte(password))
		if given && user == User && subtle.ConstantTimeCompare(got[:], want[:]) == 1 {
			next.ServeHTTP(w, r)
			return
		}
		if given && !wrong.Allow() {
			w.Header().Set("Retry-After", "20")
			http.Error(w, "too many wrong passwords; wait", http.StatusTooManyRequests)
			return
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="gatewayd", charset="UTF-8"`)
		http.Error(w, "user gatewayd, and the token of [status] as the password", http.StatusUnauthorized)
	})
}
