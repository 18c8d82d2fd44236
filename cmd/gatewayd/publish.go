package main

import (
	"context"
	"crypto/x509"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

// publishFlags are the command line of publish.
type publishFlags struct {
	host, device, key, token, caFile, text string
	properties                             []string
	contentType, contentEncoding, id       string
	timeout                                time.Duration
}

func (a *app) publishCommand() *cobra.Command {
	var f publishFlags
	c := &cobra.Command{
		Use:   "publish",
		Short: "Send one message to the hub as a device",
		Long:  "Send one message to the hub as a device, over MQTT and TLS, and wait until the hub has acknowledged it.",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return a.publish(f) },
	}
	c.Flags().StringVar(&f.host, "host", "", "IoT Hub HOST[:PORT], e.g. contoso.azure-devices.net")
	c.Flags().StringVar(&f.device, "device", "", "device id")
	c.Flags().StringVar(&f.key, "key", "", "the device's primary or secondary key, base64")
	c.Flags().StringVar(&f.token, "sas-token", "", "a ready SAS token, instead of --key")
	c.Flags().StringVar(&f.caFile, "ca-file", "", "PEM file of the certificates to trust (default: the system's)")
	c.Flags().StringArrayVar(&f.properties, "property", nil, "application property k=v; may be repeated")
	c.Flags().StringVarP(&f.text, "message", "m", "", "the message body")
	c.Flags().StringVar(&f.contentType, "content-type", "", "system property content-type, e.g. application/json")
	c.Flags().StringVar(&f.contentEncoding, "content-encoding", "", "system property content-encoding, e.g. utf-8")
	c.Flags().StringVar(&f.id, "message-id", "", "system property message-id")
	c.Flags().DurationVar(&f.timeout, "timeout", 30*time.Second, "give up when connecting, or the acknowledgement, takes longer")
	a.require(c, "host", "device", "message")
	return c
}

func (a *app) publish(f publishFlags) error {
	host, port, err := hub.ParseHost(f.host)
	if err != nil {
		return usagef("--host: %w", err)
	}
	if f.timeout <= 0 {
		return usagef("--timeout %v: want a positive duration, e.g. 30s", f.timeout)
	}
	credential, err := f.credential()
	if err != nil {
		return err
	}
	properties, err := parseProperties(f.properties)
	if err != nil {
		return err
	}
	roots, err := loadRoots(f.caFile)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = hub.PublishOnce(ctx, hub.Options{
		Host: host, Port: port, Roots: roots, Product: product(), Clock: systemClock{},
		ConnectTimeout: f.timeout, PubAckTimeout: f.timeout,
	}, f.device, credential, hub.Message{
		ID: f.id, ContentType: f.contentType, ContentEncoding: f.contentEncoding,
		Properties: properties, Body: []byte(f.text),
	})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// credential is the device key or the ready token.
func (f publishFlags) credential() (hub.Credential, error) {
	switch {
	case f.key != "" && f.token != "":
		return nil, usagef("--key or --sas-token, not both")
	case f.key == "" && f.token == "":
		return nil, usagef("--key or --sas-token is missing")
	case f.key != "":
		c, err := hub.NewDeviceKey(secret.NewText(f.key))
		if err != nil {
			return nil, usagef("--key: %w", err)
		}
		return c, nil
	}
	c, err := hub.NewSASToken(secret.NewText(f.token))
	if err != nil {
		return nil, usagef("--sas-token: %w", err)
	}
	return c, nil
}

// parseProperties reads k=v pairs.
func parseProperties(pairs []string) ([]hub.Property, error) {
	var properties []hub.Property
	for _, pair := range pairs {
		k, v, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usagef("--property %q: want key=value", pair)
		}
		p := hub.Property{Key: k, Value: v}
		if err := hub.CheckProperty(p); err != nil {
			return nil, usagef("--property %q: %w", pair, err)
		}
		properties = append(properties, p)
	}
	return properties, nil
}

// loadRoots reads PEM certificates; nil, meaning the system's, without a file.
func loadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, usagef("--ca-file: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, usagef("--ca-file %s: no PEM certificate in it", file)
	}
	return roots, nil
}

// systemClock is the wall clock, believed as it is: a person is watching.
type systemClock struct{}

func (systemClock) Now() time.Time                    { return time.Now() }
func (systemClock) WaitTrusted(context.Context) error { return nil }
