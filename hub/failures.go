package hub

import (
	"errors"
	"net"
	"sync"
)

// Reasons are why connections fail or end, each one stable word.
func Reasons() []string {
	return []string{"credential", "dns", "network", "proxy", "tls", "websocket", "refused", "kicked", "provisioning", "silent", "closed"}
}

// reasonOf is the word for what went wrong with a connection.
func reasonOf(err error) string {
	kicked, isKicked := errors.AsType[kickedError](err)
	_, bad := errors.AsType[credentialError](err)
	_, refused := errors.AsType[refusedError](err)
	dns, _ := errors.AsType[*net.DNSError](err)
	at, _ := errors.AsType[*stepError](err)
	switch {
	case bad:
		return "credential"
	case isKicked && !kicked.ignored:
		return "kicked"
	case at != nil && at.step == stepProvision:
		return "provisioning"
	case refused:
		return "refused"
	case dns != nil:
		return "dns"
	case at != nil && at.step == stepProxy:
		return "proxy"
	case at != nil && at.step == stepTLS:
		return "tls"
	case at != nil && at.step == stepWebSocket:
		return "websocket"
	case at != nil && at.step == stepDial:
		return "network"
	case errors.Is(err, errNoPubAck):
		return "silent"
	}
	return "closed"
}

// failures counts by reason.
type failures struct {
	mu     sync.Mutex
	counts map[string]uint64
}

func (f *failures) add(reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = map[string]uint64{}
	}
	f.counts[reason]++
}

// Failures counts the connections that failed or ended by themselves since the
// start, by reason; every reason is present.
func (s *Supervisor) Failures() map[string]uint64 {
	s.shared.failures.mu.Lock()
	defer s.shared.failures.mu.Unlock()
	all := map[string]uint64{}
	for _, r := range Reasons() {
		all[r] = s.shared.failures.counts[r]
	}
	return all
}
