package modem

import (
	"context"
	"errors"
	"regexp"

	"gatewayd/radio"
)

// runAll runs steps in order.
func (s *session) runAll(ctx context.Context, steps []step) error {
	for _, st := range steps {
		if _, err := s.run(ctx, st); err != nil {
			return err
		}
	}
	return nil
}

// run does one step and returns the line that ended it.
func (s *session) run(ctx context.Context, st step) (line, error) {
	answer, err := s.exchange(ctx, st)
	var refused *refusedError
	var timeout *timeoutError
	switch {
	case err == nil && st.quiet > 0:
		err = s.link.drain(ctx, st.quiet)
	case errors.As(err, &refused) && st.otherwise != nil:
		err = s.runAll(ctx, st.otherwise)
	case st.optional && (errors.As(err, &timeout) || refused != nil):
		err = nil
	}
	return answer, err
}

// exchange sends a command and waits for what ends it.
func (s *session) exchange(ctx context.Context, st step) (line, error) {
	if err := s.link.write(ctx, st.send); err != nil {
		return line{}, err
	}
	done, timeout := st.done, st.timeout
	if done == nil {
		done = s.module.okay
	}
	if timeout == 0 {
		timeout = stepTimeout
	}
	looking := st.look != nil
	for until := s.now().Add(timeout); ; {
		l, ok, err := s.link.next(ctx, until, nil)
		switch {
		case err != nil:
			return line{}, err
		case !ok:
			return line{}, &timeoutError{st.send, timeout}
		}
		if looking && st.look.MatchString(l.text) {
			looking = false
			s.remember(st.look, l.text)
		}
		switch {
		case done.MatchString(l.text) && looking:
			return l, &refusedError{send: st.send, answer: l.text, wrong: true}
		case done.MatchString(l.text):
			return l, nil
		case s.module.no.MatchString(l.text):
			return l, &refusedError{send: st.send, answer: l.text}
		}
		if err := s.note(l, st.quiet > 0); err != nil {
			return line{}, err
		}
	}
}

// remember keeps what the module says about itself.
func (s *session) remember(re *regexp.Regexp, text string) {
	g := groups(re, text)
	if v := g["version"]; v != "" {
		s.firmware, s.text = parseVersion(v), v
	}
	if eui, err := radio.ParseEUI64(g["eui"]); err == nil {
		s.gateway = eui
	}
}

// note keeps a line that came between a command and its answer for settle, if
// the receiver said it. The rest is echo, or text for humans.
func (s *session) note(l line, restarting bool) error {
	switch s.module.parse(l.text).kind {
	case evBanner:
		if !restarting {
			return errBrownOut
		}
	case evFrame, evLevels, evBad, evEnded, evMalformed:
		if s.receiving && len(s.pending) < maxPending {
			s.pending = append(s.pending, l)
		}
	case evOther:
	}
	return nil
}

// inquire returns the named groups in the answer to st, an optional step; none
// if the module does not know the command.
func (s *session) inquire(ctx context.Context, st step) (map[string]string, error) {
	answer, err := s.run(ctx, st)
	if err != nil || !st.done.MatchString(answer.text) {
		return nil, err
	}
	return groups(st.done, answer.text), nil
}
