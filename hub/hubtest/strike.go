package hubtest

import (
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// connectFault lets a fault strike a CONNECT. It reports whether one did: the
// client is served then.
func (c *conn) connectFault(p *packets.ConnectPacket) bool {
	device := claimedDevice(p)
	f, ok := c.hub.faults.take(device, FaultKind.atConnect)
	if !ok {
		return false
	}
	_ = c.hub.emit(Event{Kind: EventFault, Device: device, Reason: Reason(f.Kind)})
	r := &refusal{reason: ReasonFault, detail: string(f.Kind)}
	switch f.Kind {
	case FaultRefuse:
		r.code = f.Code
	case FaultHang:
		c.hang()
	case FaultResetConnect:
		c.reset()
	default: // FaultCloseConnect: a refusal without a code
	}
	c.refuse(r, device)
	return true
}

// hang reads and says nothing until the client goes.
func (c *conn) hang() {
	for {
		select {
		case p := <-c.in:
			if p.err != nil {
				return
			}
		case <-c.killed:
			return
		}
	}
}

// publishFault lets f strike a PUBLISH. nil means that the connection lives.
func (c *conn) publishFault(f Fault, p *packets.PublishPacket) error {
	if f.Store || f.Kind == FaultDelayPuback {
		if err := c.accept(p); err != nil {
			return err
		}
	}
	_ = c.hub.emit(Event{Kind: EventFault, Device: c.device.id, Reason: Reason(f.Kind), Topic: p.TopicName, QoS: p.Qos})
	end := &stop{ReasonFault, string(f.Kind)}
	switch f.Kind {
	case FaultNoPuback:
		return nil
	case FaultDelayPuback:
		if err := c.pause(f.Delay); err != nil {
			return err
		}
		return c.puback(p)
	case FaultReset:
		c.reset()
	case FaultCutPuback:
		_ = c.raw.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, _ = c.stream.Write([]byte{packets.Puback << 4, 2}) // the packet id never follows
	default: // FaultDrop: nothing but the close
	}
	return end
}
