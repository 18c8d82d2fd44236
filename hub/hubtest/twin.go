package hubtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// maxReported is the hub's limit for reported properties, in bytes. Source:
// Microsoft's "Understand and use device twins in IoT Hub".
const maxReported = 32768

// twin holds the two halves of a device twin, without their $version.
type twin struct {
	desired, reported               map[string]any
	desiredVersion, reportedVersion int
}

func newTwin() twin {
	return twin{desired: map[string]any{}, reported: map[string]any{}, desiredVersion: 1, reportedVersion: 1}
}

// document is the answer to a read of the twin by its device.
func (t twin) document() ([]byte, error) {
	half := func(properties map[string]any, version int) map[string]any {
		all := map[string]any{"$version": version}
		for k, v := range properties {
			all[k] = v
		}
		return all
	}
	return json.Marshal(map[string]any{
		"desired":  half(t.desired, t.desiredVersion),
		"reported": half(t.reported, t.reportedVersion),
	})
}

var (
	errPatch        = errors.New("want one JSON object")
	errPatchVersion = errors.New("$version does not belong in a patch")
	errTwinSize     = fmt.Errorf("reported properties larger than %d bytes", maxReported)
)

// report merges patch into the reported properties.
func (t *twin) report(patch []byte) error {
	d := json.NewDecoder(bytes.NewReader(patch))
	d.UseNumber()
	var changes map[string]any
	if err := d.Decode(&changes); err != nil || changes == nil {
		return errPatch
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errPatch
	}
	if _, ok := changes["$version"]; ok {
		return errPatchVersion
	}
	merged := mergePatch(t.reported, changes)
	if all, err := json.Marshal(merged); err != nil || len(all) > maxReported {
		return errTwinSize
	}
	t.reported = merged
	t.reportedVersion++
	return nil
}

// mergePatch is RFC 7396: null removes, objects merge, the rest replaces. It
// leaves its arguments alone.
func mergePatch(old, patch map[string]any) map[string]any {
	merged := make(map[string]any, len(old)+len(patch))
	for k, v := range old {
		merged[k] = v
	}
	for k, v := range patch {
		if v == nil {
			delete(merged, k)
			continue
		}
		if inner, ok := v.(map[string]any); ok {
			before, _ := merged[k].(map[string]any)
			v = mergePatch(before, inner)
		}
		merged[k] = v
	}
	return merged
}

// Twin returns the twin of a device as the device reads it: JSON with
// "desired" and "reported".
func (h *Hub) Twin(device string) (json.RawMessage, error) {
	d, err := h.device(device)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.twin.document()
}

// twinGet answers a read of the twin.
func (c *conn) twinGet(rid string) error {
	if rid == "" {
		if c.hub.opts.Quirks.IgnoreMissingRID {
			return nil
		}
		return &stop{ReasonMissingRID, "twin read without $rid"}
	}
	document, err := c.hub.Twin(c.device.id)
	if err != nil {
		return &stop{ReasonUnknownDevice, err.Error()}
	}
	return c.twinAnswer(EventTwinGet, 200, "?$rid="+rid, document)
}

// twinPatch answers an update of the reported properties. Without $rid it is
// done and not answered.
func (c *conn) twinPatch(rid string, patch []byte) error {
	version, err := c.device.report(patch)
	if rid == "" {
		return nil
	}
	if err != nil {
		body, _ := json.Marshal(map[string]any{ // strings and a number: cannot fail
			"errorCode": 400004, "trackingId": newUUID(), "message": err.Error(),
			"timestampUtc": c.hub.opts.Now().UTC().Format(time.RFC3339Nano),
		})
		return c.twinAnswer(EventTwinPatch, 400, "?$rid="+rid, body)
	}
	return c.twinAnswer(EventTwinPatch, 204, "?$rid="+rid+"&$version="+strconv.Itoa(version), nil)
}

func (d *device) report(patch []byte) (version int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	err = d.twin.report(patch)
	return d.twin.reportedVersion, err
}

// twinAnswer records and sends an answer, if the device has subscribed to
// answers: QoS 0, as the hub does.
func (c *conn) twinAnswer(kind Kind, status int, query string, body []byte) error {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName = "$iothub/twin/res/" + strconv.Itoa(status) + "/" + query
	p.Payload = body
	if err := c.hub.emit(Event{Kind: kind, Device: c.device.id, Code: status, Topic: p.TopicName, Body: body}); err != nil {
		return &stop{ReasonNotRecorded, err.Error()}
	}
	if _, ok := c.device.subscribed(twinResponseFilter); !ok {
		return nil
	}
	return c.write(p)
}
