package main

import (
	"io"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sys/unix"
)

// newLogger writes to w: lines for people on a terminal, JSON elsewhere,
// unless format ("console", "json", "auto") says which. Under systemd the
// journal adds the time, so lines do not carry their own.
func newLogger(w io.Writer, level, format string, getenv func(string) string) (*zap.Logger, error) {
	lvl, err := zapcore.ParseLevel(level)
	if err != nil {
		return nil, usagef("log level %q: want debug, info, warn or error", level)
	}
	if format == "auto" {
		format = "json"
		if isTerminal(w) {
			format = "console"
		}
	}
	enc := zapcore.EncoderConfig{
		LevelKey: "level", NameKey: "part", MessageKey: "msg", TimeKey: "time",
		EncodeLevel: zapcore.LowercaseLevelEncoder, EncodeTime: zapcore.RFC3339TimeEncoder,
		EncodeDuration: zapcore.StringDurationEncoder, ConsoleSeparator: "  ",
	}
	if getenv("JOURNAL_STREAM") != "" {
		enc.TimeKey = ""
	}
	var encoder zapcore.Encoder
	if format == "console" {
		enc.EncodeTime = zapcore.TimeEncoderOfLayout("15:04:05")
		encoder = zapcore.NewConsoleEncoder(enc)
	} else {
		encoder = zapcore.NewJSONEncoder(enc)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), lvl)), nil
}

// isTerminal reports whether w is one.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// product is what the hub shows as this client's name.
func product() string { return "gatewayd/" + version }
