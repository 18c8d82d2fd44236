package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// Operations of the identity registry that a hub takes per minute and unit.
// Source: Microsoft, "IoT Hub quotas and throttling".
const (
	perMinute   = 100
	perMinuteS3 = 5000
)

// Rate is how many devices may be made per second, for a hub of that tier; a
// fifth of what it takes is left to others.
func Rate(tier hub.Tier, units int) rate.Limit {
	perUnit := perMinute
	if tier == "S3" || tier == "B3" {
		perUnit = perMinuteS3
	}
	return rate.Limit(float64(perUnit*max(units, 1)) * 0.8 / 60)
}

// Options of a Client.
type Options struct {
	Policy  Policy
	BaseURL string       // of the service API; "": https:// and the policy's host
	HTTP    *http.Client // knows the proxy and whom to trust
	Limit   rate.Limit   // requests per second
	Now     func() time.Time
	// Wait passes the time, or returns the error of ctx; nil: real time.
	Wait func(ctx context.Context, d time.Duration) error
}

// Client makes devices. One goroutine uses it.
type Client struct {
	o     Options
	next  time.Time // when the next request may go out
	token string
	until time.Time
}

// New makes a client; it asks for nothing yet.
func New(o Options) *Client {
	if o.BaseURL == "" {
		o.BaseURL = "https://" + o.Policy.Host
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return &Client{o: o}
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// Device is a device of the registry.
type Device struct {
	ID       string
	Key      secret.Text // primary key
	Existed  bool        // it was there before
	Disabled bool
}

var (
	// ErrRefused is returned when the hub does not accept the policy: no other
	// device will fare better.
	ErrRefused = errors.New("the hub refuses the policy; it needs the permissions registry read and registry write")
	// ErrNoKey is returned for a device that is there and authenticates with a
	// certificate.
	ErrNoKey = errors.New("the device is there and has no symmetric key; add its certificate")
)

// Ensure makes a device with keys that the hub makes up, or reads the one that
// is there, which it never changes. Throttling, errors of the hub and a lost
// connection are waited out for as long as retryFor.
func (c *Client) Ensure(ctx context.Context, id string) (Device, error) {
	if err := hub.CheckDeviceID(id); err != nil {
		return Device{}, err
	}
	body, err := json.Marshal(deviceBody{ID: id, Status: "enabled", Authentication: &authentication{Type: "sas"}})
	if err != nil {
		return Device{}, err
	}
	got, status, err := c.ask(ctx, http.MethodPut, id, body)
	existed := status == http.StatusConflict
	if existed {
		got, status, err = c.ask(ctx, http.MethodGet, id, nil)
	}
	switch {
	case err != nil:
		return Device{}, fmt.Errorf("device %s: %w", id, err)
	case status != http.StatusOK:
		return Device{}, fmt.Errorf("device %s: the hub answers %d %s", id, status, http.StatusText(status))
	case got.Authentication == nil || got.Authentication.Keys.Primary == "":
		return Device{}, fmt.Errorf("device %s: %w", id, ErrNoKey)
	}
	return Device{ID: got.ID, Key: secret.NewText(got.Authentication.Keys.Primary), Existed: existed, Disabled: got.Status == "disabled"}, nil
}

// deviceBody is a device in the registry's JSON. Source: Microsoft, "Devices" of
// the IoT Hub service REST API.
type deviceBody struct {
	ID             string          `json:"deviceId"`
	Status         string          `json:"status,omitempty"`
	Authentication *authentication `json:"authentication,omitempty"`
}

type authentication struct {
	Type string `json:"type"`
	Keys struct {
		Primary string `json:"primaryKey,omitempty"`
	} `json:"symmetricKey,omitzero"`
}

// retryFor is how long one request is tried, and firstPause and longestPause
// what lies between.
const (
	retryFor     = 10 * time.Minute
	firstPause   = time.Second
	longestPause = time.Minute
)

// ask sends one request until there is an answer that another try would not
// change.
func (c *Client) ask(ctx context.Context, method, id string, body []byte) (deviceBody, int, error) {
	end := c.o.Now().Add(retryFor)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		if err := c.pace(ctx); err != nil {
			return deviceBody{}, 0, err
		}
		got, status, after, err := c.once(ctx, method, id, body)
		switch {
		case ctx.Err() != nil:
			return deviceBody{}, 0, context.Cause(ctx)
		case errors.Is(err, ErrRefused):
			return deviceBody{}, status, err
		case err == nil && status != http.StatusTooManyRequests && status < http.StatusInternalServerError:
			return got, status, nil
		}
		if err == nil {
			err = fmt.Errorf("the hub answers %d %s", status, http.StatusText(status))
		}
		delay := max(pause, after)
		if c.o.Now().Add(delay).After(end) {
			return deviceBody{}, status, fmt.Errorf("%w; given up after %v", err, retryFor)
		}
		if err := c.o.Wait(ctx, delay); err != nil {
			return deviceBody{}, status, err
		}
	}
}

// pace waits until the next request may go out.
func (c *Client) pace(ctx context.Context) error {
	now := c.o.Now()
	if d := c.next.Sub(now); d > 0 {
		if err := c.o.Wait(ctx, d); err != nil {
			return err
		}
		now = now.Add(d)
	}
	if c.o.Limit > 0 {
		c.next = now.Add(time.Duration(float64(time.Second) / float64(c.o.Limit)))
	}
	return nil
}

// apiVersion is that of the service API.
const apiVersion = "2021-04-12"

// Limits of one request.
const (
	requestTimeout = 30 * time.Second
	maxAnswer      = 1 << 20 // bytes
)

// once sends one request. after is what the hub wants waited.
func (c *Client) once(ctx context.Context, method, id string, body []byte) (got deviceBody, status int, after time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	address := c.o.BaseURL + "/devices/" + url.PathEscape(id) + "?api-version=" + apiVersion
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return got, 0, 0, err
	}
	token, err := c.authorization()
	if err != nil {
		return got, 0, 0, err
	}
	r.Header.Set("Authorization", token)
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer, err := c.o.HTTP.Do(r)
	if err != nil {
		return got, 0, 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return got, 0, 0, err
	}
	if answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden {
		return got, answer.StatusCode, 0, fmt.Errorf("%w (%d %q)", ErrRefused, answer.StatusCode, answer.Header.Get("iothub-errorcode"))
	}
	after = retryAfter(answer.Header.Get("Retry-After"), c.o.Now())
	if answer.StatusCode != http.StatusOK {
		return got, answer.StatusCode, after, nil
	}
	if json.Unmarshal(text, &got) != nil || got.ID != id {
		return got, 0, 0, errors.New("the answer is not that of an IoT hub")
	}
	return got, answer.StatusCode, 0, nil
}

// Life of a token, and how long before its end the next one is made.
const (
	tokenLife   = time.Hour
	tokenMargin = 10 * time.Minute
)

func (c *Client) authorization() (string, error) {
	now := c.o.Now()
	if c.token != "" && now.Add(tokenMargin).Before(c.until) {
		return c.token, nil
	}
	until := now.Add(tokenLife)
	token, err := c.o.Policy.token(until)
	if err != nil {
		return "", err
	}
	c.token, c.until = token, until
	return token, nil
}

// retryAfter reads seconds or a date (RFC 9110, 10.2.3); 0 if it is neither.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 16); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
