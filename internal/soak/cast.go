package soak

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"gatewayd/internal/secret"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
)

// dataRate is SF7BW125 in US915, a region without duty cycles.
const dataRate = 3

// member is one node as both sides know it. Its keys are visibly fake.
type member struct {
	number    int
	otaa      bool
	confirmed bool
}

// cast is n nodes: the fifth of every twenty joins, and one in so many wants to be
// acknowledged.
func cast(n, oneIn int) []member {
	members := make([]member, n)
	for i := range members {
		members[i] = member{number: i, otaa: i%20 == 4, confirmed: i%oneIn == 0}
	}
	return members
}

// Device is the name and device id of the i-th node.
func Device(i int) string { return fmt.Sprintf("node-%03d", i) }

func (m member) deviceKey() string {
	return base64.StdEncoding.EncodeToString([]byte("fake key of " + Device(m.number)))
}

func (m member) devEUI() radio.EUI64 {
	return radio.EUI64{0x70, 0xb3, 0xd5, 0x7e, 0xd0, 0, byte(m.number >> 8), byte(m.number)}
}

func (m member) devAddr() uint32 { return 0x26010000 + uint32(m.number) }

// key is a LoRaWAN key in hexadecimal; kind tells those of one node apart.
func (m member) key(kind byte) string {
	return fmt.Sprintf("%02x%04x", kind, m.number) + strings.Repeat("fa", 13)
}

func (m member) aes(kind byte) (secret.AES128, error) { return secret.ParseAES128(m.key(kind)) }

// Kinds of keys.
const (
	appKey  = 0xa0
	nwkSKey = 0xb0
	appSKey = 0xc0
)

// onAir is the node's own side. next numbers the payloads of all nodes, so
// that a payload names its frame.
func (m member) onAir(region simulator.Region, interval time.Duration, next *atomic.Uint64) (simulator.Config, error) {
	c := simulator.Config{
		Name: Device(m.number), Region: region, DataRate: dataRate, Interval: interval, Confirmed: m.confirmed,
		Prompt: m.number == 0, JoinBackoff: interval,
		Payload: func(uint32) []byte { return payload(next) },
	}
	var err error
	if m.otaa {
		c.DevEUI = m.devEUI()
		c.AppKey, err = m.aes(appKey)
		return c, err
	}
	c.DevAddr = simulator.DevAddr(m.devAddr())
	if c.NwkSKey, err = m.aes(nwkSKey); err == nil {
		c.AppSKey, err = m.aes(appSKey)
	}
	return c, err
}

// writeTo writes the node's [[node]] table.
func (m member) writeTo(b *strings.Builder) {
	fmt.Fprintf(b, "\n[[node]]\ndevice_id = %q\ndevice_key = %q\n", Device(m.number), m.deviceKey())
	if m.otaa {
		fmt.Fprintf(b, "dev_eui = %q\njoin_eui = %q\napp_key = %q\n", m.devEUI(), radio.EUI64{}, m.key(appKey))
		return
	}
	fmt.Fprintf(b, "dev_addr = \"%08X\"\nnwk_s_key = %q\napp_s_key = %q\n", m.devAddr(), m.key(nwkSKey), m.key(appSKey))
}

// payload is a number that no frame has had, 8 bytes.
func payload(next *atomic.Uint64) []byte { return binary.BigEndian.AppendUint64(nil, next.Add(1)) }
