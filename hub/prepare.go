package hub

import (
	"context"
	"time"

	"gatewayd/internal/secret"
)

// prepare waits until it is this device's turn and returns what to connect
// with, and until when that is good.
func (c *connection) prepare(ctx context.Context) (login, time.Time, error) {
	if err := c.options.Clock.WaitTrusted(ctx); err != nil {
		return login{}, time.Time{}, err
	}
	var reason string // what has failed before, if anything
	if status := c.board.read(); status.State != StateWaitingForClock && status.State != StateIdle {
		reason = status.Reason
	}
	e, deviceID, err := c.locate(ctx, reason)
	if err != nil {
		return login{}, time.Time{}, err
	}
	// Asked twice: a credential that gives no token shall not take a turn, and
	// a token shall be signed when the turn has come.
	if _, _, err := c.token(e, deviceID); err != nil {
		return login{}, time.Time{}, err
	}
	c.set(StateConnecting, reason)
	if err := e.awaitTurn(ctx); err != nil {
		return login{}, time.Time{}, err
	}
	return c.login(e, deviceID)
}

// locate returns the device's hub and its id there.
func (c *connection) locate(ctx context.Context, reason string) (*endpoint, string, error) {
	host, deviceID := c.device.Hub, c.device.ID
	if p := c.device.Provisioning; p.Provisioner != nil {
		place, err := c.provision(ctx, p, reason)
		if err != nil {
			return nil, "", err
		}
		host, deviceID = place.Host, place.DeviceID
	}
	if err := CheckDeviceID(deviceID); err != nil {
		return nil, "", credentialError{err}
	}
	e, err := c.endpoints.get(host)
	if err != nil {
		return nil, "", credentialError{err}
	}
	return e, deviceID, nil
}

// provision returns the device's assignment: the one in use, the one that was
// kept, or a new one.
func (c *connection) provision(ctx context.Context, p Provisioning, reason string) (Assignment, error) {
	if c.place != (Assignment{}) && !c.move {
		return c.place, nil
	}
	c.set(StateProvisioning, reason)
	place, fresh, err := p.Provisioner.assign(ctx, p.RegistrationID, c.device.Credential, c.device.ModelID, c.move)
	if err != nil && c.place != (Assignment{}) && ctx.Err() == nil {
		c.move = false // until the next failure: meanwhile the old place may be back
		return c.place, nil
	}
	if err != nil {
		return Assignment{}, err
	}
	if fresh {
		c.health.assigned()
	}
	c.place, c.move = place, false
	return place, nil
}

// token asks the credential for a token.
func (c *connection) token(e *endpoint, deviceID string) (secret.Text, time.Time, error) {
	o := c.options
	token, expires, err := c.device.Credential.Token(Resource(e.hub.Host, deviceID), o.Clock.Now(), o.TokenTTL)
	if err != nil {
		return secret.Text{}, time.Time{}, credentialError{err}
	}
	return token, expires, nil
}

// login puts together what the device connects with.
func (c *connection) login(e *endpoint, deviceID string) (login, time.Time, error) {
	d := c.device
	setDefault(&d.APIVersion, e.hub.APIVersion)
	setDefault(&d.KeepAlive, c.options.KeepAlive)
	if err := checkKeepAlive(d.KeepAlive); err != nil {
		return login{}, time.Time{}, credentialError{err}
	}
	who := login{
		endpoint:  e,
		deviceID:  deviceID,
		userName:  userName(e.hub.Host, deviceID, d.APIVersion, c.options.Product, d.ModelID),
		keepAlive: jitteredKeepAlive(d.KeepAlive),
	}
	c.certStamp.Store(stampOf(d.Credential))
	var err error
	if who.certificate, err = clientCertificate(d.Credential); err != nil {
		return login{}, time.Time{}, credentialError{err}
	}
	token, expires, err := c.token(e, deviceID)
	who.password = token
	return who, expires, err
}
