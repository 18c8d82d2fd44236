package main

import (
	"fmt"

	"go.uber.org/zap"

	"gatewayd/internal/config"
	"gatewayd/radio"
	"gatewayd/radio/concentratord"
	"gatewayd/radio/modem"
	"gatewayd/radio/picocell"
	"gatewayd/radio/semtechudp"
	"gatewayd/radio/station"
)

// newConcentrator builds the driver that c names. trusted says whether the
// machine's time can be told to others.
func newConcentrator(c config.Concentrator, trusted func() bool, log *zap.Logger) (radio.Concentrator, error) {
	log = log.Named(c.Name)
	switch c.Type {
	case "picocell":
		return newPicoCell(c, log)
	case "semtech-udp":
		return semtechudp.New(semtechudp.Options{Name: c.Name, Listen: c.Listen, AllowedGateways: c.AllowedGateways, Log: log})
	case "concentratord":
		return concentratord.New(concentratord.Options{Name: c.Name, EventURL: c.EventURL, CommandURL: c.CommandURL, Log: log})
	case "basicstation":
		return station.New(station.Options{
			Name: c.Name, Listen: c.Listen, Plan: c.Plan, AllowedGateways: c.AllowedGateways,
			TLSCert: c.TLSCert, TLSKey: c.TLSKey, ClientCA: c.ClientCA, Token: c.Token, Log: log, TimeTrusted: trusted,
		})
	}
	o := modem.Options{Name: c.Name, Kind: modem.Kind(c.Type), Port: c.Port, Frequency: c.Frequency, DataRate: c.DataRate, Log: log}
	if !c.GatewayEUI.IsZero() {
		o.Gateway = &c.GatewayEUI
	}
	r, err := modem.New(o)
	if err != nil {
		return nil, fmt.Errorf("concentrator %s: %w", c.Name, err)
	}
	return r, nil
}

func newPicoCell(c config.Concentrator, log *zap.Logger) (radio.Concentrator, error) {
	o := picocell.Options{
		Name: c.Name, Port: c.Port, Board: c.Board, PollInterval: c.PollInterval, AntennaGain: c.AntennaGain,
		LoadImages: func() (picocell.Images, error) { return picocell.LoadImages(c.FirmwareDir, c.FirmwarePins) },
		Log:        log,
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

// radioState says what r is doing, and what an operator should know of it.
func radioState(r radio.Concentrator) string {
	switch r := r.(type) {
	case interface{ Stats() picocell.Stats }:
		s := r.Stats()
		return s.State + badFrames(s.RxCRCBad+s.RxNoCRC, s.RxDropped)
	case interface{ Stats() semtechudp.Stats }:
		s := r.Stats()
		var bad, dropped uint64
		for _, g := range s.Gateways {
			bad, dropped = bad+g.RxCRCBad+g.RxNoCRC, dropped+g.RxDropped
		}
		return fmt.Sprintf("%s, %s", s.State, count(len(s.Gateways), "gateway")) + badFrames(bad, dropped)
	case interface{ Stats() station.Stats }:
		s := r.Stats()
		var bad, dropped uint64
		for _, g := range s.Gateways {
			bad, dropped = bad+g.Malformed, dropped+g.RxDropped
		}
		return fmt.Sprintf("%s, %s", s.State, count(len(s.Gateways), "gateway")) + badFrames(bad, dropped)
	case interface{ Stats() modem.Stats }:
		s := r.Stats()
		return s.State + badFrames(s.RxCRCBad, s.RxDropped)
	case interface{ Stats() concentratord.Stats }:
		s := r.Stats()
		return s.State + badFrames(s.RxCRCBad+s.RxNoCRC, s.RxDropped)
	}
	return "running"
}

func badFrames(bad, dropped uint64) (text string) {
	if bad > 0 {
		text += fmt.Sprintf(", %s with bad or no CRC", count(int(bad), "frame"))
	}
	if dropped > 0 {
		text += fmt.Sprintf(", %s dropped because the disk is too slow", count(int(dropped), "frame"))
	}
	return text
}
