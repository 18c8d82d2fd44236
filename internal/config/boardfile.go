package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"gatewayd/radio/picocell"
)

// boardFile is what board makers hand out: the section SX1301_conf of a
// global_conf.json, the configuration of Semtech's packet forwarders. Keys that
// say nothing about the board, such as descriptions, are passed over.
type boardFile struct {
	Public      *bool    `json:"lorawan_public"`
	Clock       *int64   `json:"clksrc"`
	AntennaGain *float64 `json:"antenna_gain"`

	Radio0 *fileRadio `json:"radio_0"`
	Radio1 *fileRadio `json:"radio_1"`
	Std    *fileChain `json:"chan_Lora_std"`
	FSK    *fileChain `json:"chan_FSK"`

	channels [8]*fileChain // chan_multiSF_0 and so on
	gains    [16]*fileGain // tx_lut_0 and so on
}

type fileRadio struct {
	Enable bool    `json:"enable"`
	Type   string  `json:"type"`
	Freq   int64   `json:"freq"`
	RSSI   float64 `json:"rssi_offset"`
	Tx     bool    `json:"tx_enable"`
	TxMin  int64   `json:"tx_freq_min"`
	TxMax  int64   `json:"tx_freq_max"`
}

type fileChain struct {
	Enable    bool  `json:"enable"`
	Radio     int64 `json:"radio"`
	IF        int64 `json:"if"`
	Bandwidth int64 `json:"bandwidth"`
	SF        int64 `json:"spread_factor"`
	BitRate   int64 `json:"datarate"`
}

type fileGain struct {
	PA      int64 `json:"pa_gain"`
	DAC     int64 `json:"dac_gain"`
	Mix     int64 `json:"mix_gain"`
	Power   int64 `json:"rf_power"`
	Digital int64 `json:"dig_gain"`
}

// boardFile lays the file of the board's maker over b, if one is named. Keys of
// the concentrator go before it.
func (v validator) boardFile(s section, raw *rawConcentrator, b *picocell.Board) (ok bool) {
	if raw.BoardFile == "" {
		return true
	}
	src, err := v.env.read(v.path(raw.BoardFile))
	var f boardFile
	if err == nil {
		f, err = parseBoardFile(src.data)
	}
	if err == nil {
		err = f.apply(b)
	}
	if err != nil {
		var all []string
		for _, one := range flatten(err) {
			all = append(all, one.Error())
		}
		s.fail("board_file", "%s", strings.Join(all, "; "))
	}
	if s.has("lorawan_public") {
		b.LoRaWANPublic = raw.LoRaWANPublic
	}
	if f.AntennaGain != nil && !s.has("antenna_gain") {
		raw.AntennaGain = *f.AntennaGain
	}
	return err == nil
}

// parseBoardFile reads JSON with comments, as Semtech's parser does.
func parseBoardFile(text []byte) (f boardFile, err error) {
	plain := blankComments(text)
	var whole struct {
		Conf json.RawMessage `json:"SX1301_conf"`
	}
	if err := json.Unmarshal(plain, &whole); err != nil {
		return f, placeJSON(plain, err)
	}
	if whole.Conf == nil {
		return f, errors.New("no SX1301_conf in it: want the global_conf.json of a board with an SX1301 or SX1308")
	}
	if err := json.Unmarshal(whole.Conf, &f); err != nil {
		return f, fmt.Errorf("SX1301_conf: %w", err)
	}
	var numbered map[string]json.RawMessage
	if err := json.Unmarshal(whole.Conf, &numbered); err != nil {
		return f, fmt.Errorf("SX1301_conf: %w", err)
	}
	for i := range f.channels {
		if err := numberedPart(numbered, fmt.Sprintf("chan_multiSF_%d", i), &f.channels[i]); err != nil {
			return f, err
		}
	}
	for i := range f.gains {
		if err := numberedPart(numbered, fmt.Sprintf("tx_lut_%d", i), &f.gains[i]); err != nil {
			return f, err
		}
	}
	return f, nil
}

// numberedPart reads one of several parts, if it is there.
func numberedPart[T any](parts map[string]json.RawMessage, key string, dst **T) error {
	raw, ok := parts[key]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// placeJSON says in which line JSON is broken.
func placeJSON(text []byte, err error) error {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
		return fmt.Errorf("line %d: %w", line, err)
	}
	return err
}

// blankComments puts spaces in place of comments, so that places stay what they
// are.
func blankComments(text []byte) []byte {
	out := bytes.Clone(text)
	quoted, escaped := false, false
	for i := 0; i < len(out); i++ {
		switch c := out[i]; {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case bytes.HasPrefix(out[i:], []byte("//")):
			i = blank(out, i, bytes.IndexByte(out[i:], '\n'))
		case bytes.HasPrefix(out[i:], []byte("/*")):
			end := bytes.Index(out[i+2:], []byte("*/"))
			if end >= 0 {
				end += 4
			}
			i = blank(out, i, end)
		}
	}
	return out
}

// blank wipes n bytes from i but for line ends, or all the rest if n is
// negative, and returns the last of them.
func blank(b []byte, i, n int) int {
	if n < 0 {
		n = len(b) - i
	}
	for j := i; j < i+n; j++ {
		if b[j] != '\n' {
			b[j] = ' '
		}
	}
	return i + n - 1
}

// misfit is a number that its place cannot hold.
type misfit struct {
	key       string
	low, high int64
}

func (m misfit) Error() string {
	return fmt.Sprintf("%s: out of range; want %d to %d", m.key, m.low, m.high)
}

// fitter gathers what does not fit, so that every conversion is one line.
type fitter struct{ errs []error }

func fit[T int8 | uint8 | int32 | uint32](f *fitter, key string, v, low, high int64) T {
	if v < low || v > high {
		f.errs = append(f.errs, misfit{key, low, high})
	}
	return T(v)
}

// apply lays f over b. Channels and gains replace all of b's: they depend on
// each other.
func (f boardFile) apply(b *picocell.Board) error {
	var fits fitter
	if f.Public != nil {
		b.LoRaWANPublic = *f.Public
	}
	if f.Clock != nil {
		b.ClockSource = fit[uint8](&fits, "clksrc", *f.Clock, 0, 1)
	}
	for i, r := range []*fileRadio{f.Radio0, f.Radio1} {
		if r != nil {
			r.apply(&fits, fmt.Sprintf("radio_%d", i), &b.Radios[i])
		}
	}
	if f.hasChannels() {
		b.Chains = [len(b.Chains)]picocell.Chain{}
		for i, c := range f.channels {
			if c != nil && c.Enable {
				b.Chains[i] = c.chain(&fits, fmt.Sprintf("chan_multiSF_%d", i))
				b.Chains[i].Bandwidth, b.Chains[i].SpreadingFactors = 125_000, picocell.AllSF
			}
		}
	}
	if f.Std != nil {
		b.Std = picocell.Chain{}
		if f.Std.Enable {
			b.Std = f.Std.chain(&fits, "chan_Lora_std")
			b.Std.SpreadingFactors = picocell.SF(fit[uint8](&fits, "chan_Lora_std.spread_factor", f.Std.SF, 7, 12))
		}
	}
	if f.FSK != nil {
		b.FSK = picocell.Chain{}
		if f.FSK.Enable {
			b.FSK = f.FSK.chain(&fits, "chan_FSK")
			b.FSK.BitRate = fit[uint32](&fits, "chan_FSK.datarate", f.FSK.BitRate, 500, 250_000)
		}
	}
	if f.AntennaGain != nil && math.Abs(*f.AntennaGain) > 30 {
		fits.errs = append(fits.errs, misfit{"antenna_gain", -30, 30})
	}
	if gains := f.table(&fits); len(gains) > 0 {
		b.TxGains = gains
	}
	return errors.Join(fits.errs...)
}

func (f boardFile) hasChannels() bool {
	for _, c := range f.channels {
		if c != nil {
			return true
		}
	}
	return false
}

// table is the table of gains as far as it is numbered without a gap.
func (f boardFile) table(fits *fitter) (gains []picocell.TxGain) {
	for i, g := range f.gains {
		if g == nil {
			break
		}
		key := fmt.Sprintf("tx_lut_%d.", i)
		gains = append(gains, picocell.TxGain{
			Power:   fit[int8](fits, key+"rf_power", g.Power, -20, 30),
			PA:      fit[uint8](fits, key+"pa_gain", g.PA, 0, 3),
			Mix:     fit[uint8](fits, key+"mix_gain", g.Mix, 0, 15),
			Digital: fit[uint8](fits, key+"dig_gain", g.Digital, 0, 3),
			DAC:     3,
		})
	}
	return gains
}

func (r fileRadio) apply(fits *fitter, key string, dst *picocell.Radio) {
	dst.Enable = r.Enable
	if !r.Enable {
		dst.TxEnable = false
		return
	}
	dst.Frequency = fit[uint32](fits, key+".freq", r.Freq, 1, math.MaxUint32)
	switch r.Type {
	case "SX1255":
		dst.Type = picocell.SX1255
	case "SX1257", "":
		dst.Type = picocell.SX1257
	default:
		fits.errs = append(fits.errs, fmt.Errorf("%s.type: %q; want SX1255 or SX1257", key, r.Type))
	}
	if math.Abs(r.RSSI) > 300 {
		fits.errs = append(fits.errs, misfit{key + ".rssi_offset", -300, 300})
	}
	dst.RSSIOffset = float32(r.RSSI)
	dst.TxEnable = r.Tx
	// Older files leave the bounds out: those of the region stay.
	if r.Tx && r.TxMax != 0 {
		dst.TxMin = fit[uint32](fits, key+".tx_freq_min", r.TxMin, 0, math.MaxUint32)
		dst.TxMax = fit[uint32](fits, key+".tx_freq_max", r.TxMax, 0, math.MaxUint32)
	}
}

func (c fileChain) chain(fits *fitter, key string) picocell.Chain {
	return picocell.Chain{
		Enable:    true,
		Radio:     fit[uint8](fits, key+".radio", c.Radio, 0, 1),
		IF:        fit[int32](fits, key+".if", c.IF, math.MinInt32, math.MaxInt32),
		Bandwidth: fit[uint32](fits, key+".bandwidth", c.Bandwidth, 0, math.MaxUint32),
	}
}
