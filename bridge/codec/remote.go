package codec

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of a decoder at a URL: how long it may take, and how much it may say.
const (
	remoteTimeout = 5 * time.Second
	remoteMost    = 128 << 10
)

// remote is a decoder behind a URL, as those of the Azure LoRaWAN starter kit:
// GET with the query devEUI, fport and payload (base64), answered with a JSON
// document.
type remote struct {
	url    url.URL
	client *http.Client
}

// IsURL reports whether the name of a codec is the URL of a decoder.
func IsURL(name string) bool {
	return strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://")
}

// CheckURL says what is wrong with the URL of a decoder; nil: nothing.
func CheckURL(name string) error {
	_, err := newRemote(name)
	return err
}

func newRemote(name string) (*remote, error) {
	u, err := url.Parse(name)
	switch {
	case err != nil:
		return nil, errors.New("not a URL of a decoder; want one such as http://decoder:8080/api/Climate")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("want a URL such as http://decoder:8080/api/Climate")
	case u.User != nil:
		return nil, errors.New("a decoder's URL has no user and password")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("a decoder's URL has no query: devEUI, fport and payload are added")
	}
	return &remote{*u, &http.Client{
		Timeout: remoteTimeout,
		// A decoder is not to lead to hosts that nobody has named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func (r *remote) decodeUplink(ctx context.Context, up Uplink) Result {
	data, err := r.ask(ctx, up)
	if err != nil {
		return Result{Errors: []string{err.Error()}}
	}
	return Result{Data: data}
}

func (r *remote) ask(ctx context.Context, up Uplink) (json.RawMessage, error) {
	u := r.url
	u.RawQuery = "devEUI=" + url.QueryEscape(up.DevEUI) + "&fport=" + strconv.Itoa(int(up.FPort)) +
		"&payload=" + url.QueryEscape(base64.StdEncoding.EncodeToString(up.Bytes))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("decoder %s: %w", r.url.Redacted(), err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("decoder %s: %w", r.url.Redacted(), cause(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, remoteMost+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("decoder %s: %w", r.url.Redacted(), cause(err))
	case len(body) > remoteMost:
		return nil, fmt.Errorf("decoder %s: it answers more than %d bytes", r.url.Redacted(), remoteMost)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("decoder %s: it answers %s", r.url.Redacted(), resp.Status)
	case !json.Valid(body):
		return nil, fmt.Errorf("decoder %s: its answer is no JSON", r.url.Redacted())
	}
	return body, nil
}

// cause is err without the URL, which the message names already, and which has
// the payload in it.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		if u.Timeout() {
			return fmt.Errorf("no answer within %v", remoteTimeout)
		}
		return u.Err
	}
	return err
}

func (r *remote) decodeDownlink(ctx context.Context, down Uplink) Result {
	return r.decodeUplink(ctx, down)
}

func (*remote) encodeDownlink(context.Context, Command) (Downlink, error) {
	return Downlink{}, ErrNoEncoder
}
