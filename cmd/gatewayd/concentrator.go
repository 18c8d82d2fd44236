package main

import (
	"fmt"

	"go.uber.org/zap"

	"gatewayd/internal/config"
	"gatewayd/radio"
	"gatewayd/radio/picocell"
)

// newConcentrator builds the driver that c names.
func newConcentrator(c config.Concentrator, log *zap.Logger) (radio.Concentrator, error) {
	o := picocell.Options{
		Name: c.Name, Port: c.Port, Board: c.Board, PollInterval: c.PollInterval, AntennaGain: c.AntennaGain,
		LoadImages: func() (picocell.Images, error) { return picocell.LoadImages(c.FirmwareDir, c.FirmwarePins) },
		Log:        log.Named(c.Name),
	}
	if !c.GatewayEUI.IsZero() {
		o.Gateway = &c.GatewayEUI
	}
	r, err := picocell.New(o)
	if err != nil {
		return nil, fmt.Errorf("concentrator %s: %w", c.Name, err)
	}
	return r, nil
}
