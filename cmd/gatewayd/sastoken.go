package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"gatewayd/hub"
	"gatewayd/internal/secret"
)

func (a *app) sasTokenCommand() *cobra.Command {
	var host, device, key string
	var ttl time.Duration
	var expiry int64
	c := &cobra.Command{
		Use:   "sas-token",
		Short: "Print a SAS token for a device",
		Long:  "Print a SAS token with which any MQTT client can connect as the device: it is the MQTT password.",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			expires := time.Now().Add(ttl)
			switch byExpiry := cmd.Flags().Changed("expiry"); {
			case byExpiry && cmd.Flags().Changed("ttl"):
				return usagef("--ttl or --expiry, not both")
			case byExpiry && expiry <= 0:
				return usagef("--expiry %d: want Unix seconds", expiry)
			case byExpiry:
				expires = time.Unix(expiry, 0)
			case ttl <= 0:
				return usagef("--ttl %v: want a positive duration, e.g. 1h", ttl)
			}
			token, err := sasToken(host, device, secret.NewText(key), expires)
			if err != nil {
				return usageError{err}
			}
			_, err = fmt.Fprintln(a.stdout, token.Reveal())
			return err
		},
	}
	c.Flags().StringVar(&host, "host", "", "IoT Hub host name, e.g. contoso.azure-devices.net")
	c.Flags().StringVar(&device, "device", "", "device id")
	c.Flags().StringVar(&key, "key", "", "the device's primary or secondary key, base64")
	c.Flags().DurationVar(&ttl, "ttl", time.Hour, "how long the token is valid from now")
	c.Flags().Int64Var(&expiry, "expiry", 0, "when the token expires, in Unix seconds")
	a.require(c, "host", "device", "key")
	return c
}

// sasToken signs a token of the device that expires at the given time.
func sasToken(host, device string, key secret.Text, expires time.Time) (secret.Text, error) {
	name, _, err := hub.ParseHost(host)
	if err != nil {
		return secret.Text{}, fmt.Errorf("--host: %w", err)
	}
	if err := hub.CheckDeviceID(device); err != nil {
		return secret.Text{}, fmt.Errorf("--device: %w", err)
	}
	credential, err := hub.NewDeviceKey(key)
	if err != nil {
		return secret.Text{}, fmt.Errorf("--key: %w", err)
	}
	token, _, err := credential.Token(hub.Resource(name, device), expires.Add(-time.Hour), time.Hour)
	return token, err
}

// require makes flags mandatory, as a usage error.
func (a *app) require(c *cobra.Command, names ...string) {
	c.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, name := range names {
			if !cmd.Flags().Changed(name) {
				return usagef("%s: --%s is missing; see gatewayd %s --help", cmd.Name(), name, cmd.Name())
			}
		}
		return nil
	}
}
