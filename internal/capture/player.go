package capture

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"gatewayd/radio"
)

// Identifiers of datagrams (PROTOCOL.TXT, sections 3 and 5).
const (
	version  = 2
	pushData = 0x00
	pushAck  = 0x01
)

// What stands in for what was not recorded: a channel that every EU868 node
// has, and a signal in the middle.
const (
	usualFrequency = 868_100_000
	usualDataRate  = "SF7BW125"
	usualCoding    = "4/5"
	usualRSSI      = -60
)

// Player is a packet forwarder that hears recorded frames. What it is told to
// send it does not answer.
type Player struct {
	conn    *net.UDPConn
	gateway radio.EUI64
	begun   time.Time
	sent    atomic.Int64
	acked   atomic.Int64
	closing atomic.Bool
	silent  chan struct{} // closed when nobody listens for answers any more
}

// Dial makes a player for the daemon that listens at address, host:port.
func Dial(ctx context.Context, address string, gateway radio.EUI64) (*Player, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return nil, err
	}
	p := &Player{conn: conn.(*net.UDPConn), gateway: gateway, begun: time.Now(), silent: make(chan struct{})}
	go p.listen()
	return p, nil
}

// listen counts acknowledgements until the connection is closed, or is about to
// be and all are there.
func (p *Player) listen() {
	defer close(p.silent)
	buf := make([]byte, maxDatagram)
	for {
		n, err := p.conn.Read(buf)
		switch {
		case err == nil && n >= 4 && buf[3] == pushAck:
			if p.acked.Add(1) >= p.sent.Load() && p.closing.Load() {
				return
			}
		case err != nil && !refused(err):
			return
		}
	}
}

// maxDatagram bounds an answer, in bytes.
const maxDatagram = 4096

// Send puts one frame on the air, as heard just now.
func (p *Player) Send(f Frame) error {
	body, err := json.Marshal(map[string][]any{"rxpk": {p.heard(f)}})
	if err != nil {
		return err
	}
	head := []byte{version, 0, 0, pushData}
	binary.BigEndian.PutUint16(head[1:], uint16(p.sent.Add(1)))
	_, err = p.conn.Write(append(append(head, p.gateway[:]...), body...))
	if err != nil && !refused(err) {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// heard is the frame's rxpk.
func (p *Player) heard(f Frame) map[string]any {
	r := map[string]any{
		"tmst": uint32(time.Since(p.begun).Microseconds()), "chan": 0, "rfch": 0, "stat": 1, "modu": "LORA",
		"freq": float64(orElse(f.Frequency, usualFrequency)) / 1e6, "datr": orElse(f.DataRate, usualDataRate),
		"codr": orElse(f.CodingRate, usualCoding), "rssi": orElse(f.RSSI, usualRSSI), "lsnr": f.SNR,
		"size": len(f.Payload), "data": base64.StdEncoding.EncodeToString(f.Payload),
	}
	if dr, err := radio.ParseDataRate(orElse(f.DataRate, usualDataRate)); err == nil && dr.Modulation == radio.FSK {
		r["modu"], r["datr"] = "FSK", dr.BitRate
	}
	return r
}

func orElse[T comparable](v, usual T) T {
	var none T
	if v == none {
		return usual
	}
	return v
}

// Acked is how many datagrams the daemon has acknowledged.
func (p *Player) Acked() int { return int(p.acked.Load()) }

// Close ends it, after it has waited a little for acknowledgements that are
// missing.
func (p *Player) Close(patience time.Duration) error {
	p.closing.Store(true)
	if p.acked.Load() < p.sent.Load() {
		_ = p.conn.SetReadDeadline(time.Now().Add(patience))
		<-p.silent
	}
	return p.conn.Close()
}

// refused reports whether nobody listened at the time: somebody may later.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
