package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.uber.org/zap"

	"gatewayd/hub"
	"gatewayd/internal/store"
)

// desiredBucket keeps the desired properties of each device, so that its
// settings hold while the hub cannot be reached.
const desiredBucket = "desired"

// desiredRecord is what is kept.
type desiredRecord struct {
	Version  int64           `json:"version"`
	Settings json.RawMessage `json:"settings,omitempty"`
	Kit      json.RawMessage `json:"kit,omitempty"` // the starter kit's, of the root
}

// desire takes over desired properties of a device.
func (b *Bridge) desire(ctx context.Context, device string, d hub.Desired) error {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(d.JSON, &doc); err != nil {
		return fmt.Errorf("desired properties, version %d: %w", d.Version, err)
	}
	return b.do(ctx, func(bt *batch) error {
		n, err := b.node(device)
		if err != nil {
			return err
		}
		fresh := desiredRecord{Version: d.Version, Settings: n.desiredDoc.Settings, Kit: n.desiredDoc.Kit}
		if n.base.Kit {
			fresh.takeKit(doc, d.Full)
		}
		if patch, ok := doc[settingsKey]; ok || d.Full {
			base := fresh.Settings
			if d.Full {
				base = nil
			}
			fresh.Settings = mergePatch(base, patch)
		}
		if !fresh.same(n.desiredDoc) {
			raw, err := json.Marshal(fresh)
			if err != nil {
				return err
			}
			bt.store.Put = append(bt.store.Put, store.Record{Bucket: desiredBucket, Key: n.node.outboxKey(), Value: raw})
		}
		bt.after = append(bt.after, func() { b.adopt(n, fresh) })
		return nil
	})
}

// takeKit takes over the starter kit's properties, which stand at the root among
// others; keys are not kept.
func (d *desiredRecord) takeKit(doc map[string]json.RawMessage, full bool) {
	known, patch := kitNames(), map[string]json.RawMessage{}
	for name, raw := range doc {
		if known[name] {
			patch[name] = raw
		}
	}
	if full {
		d.Kit = nil
	}
	raw, err := json.Marshal(patch)
	if err == nil && len(patch) > 0 {
		d.Kit = mergePatch(d.Kit, raw)
	}
}

// same reports whether nothing differs.
func (d desiredRecord) same(e desiredRecord) bool {
	return d.Version == e.Version && bytes.Equal(d.Settings, e.Settings) && bytes.Equal(d.Kit, e.Kit)
}

// adopt lays the settings of doc over the node of the configuration.
func (b *Bridge) adopt(n *nodeState, doc desiredRecord) {
	node, bad := b.override(n.base, doc)
	n.desiredDoc = doc
	n.node = node
	n.reports.applied(doc.Version, bad)
	n.feed.show(n.node)
	for name, why := range bad {
		b.log.Warn("desired property not applied", nodeField(n), zap.String("setting", name), zap.String("why", why))
	}
	b.attendNow(n)
}

// override lays settings over a node of the configuration. What cannot be
// applied is explained, by name.
func (b *Bridge) override(base Node, doc desiredRecord) (Node, map[string]string) {
	s, bad := parseSettings(doc.Settings)
	n := base
	if base.Kit {
		kit, kitBad := kitSettings(doc.Kit)
		maps.Copy(bad, kitBad)
		n = b.windows(kit.over(n), base, bad)
		b.choose(&n, kit.Codec, "SensorDecoder", bad)
	}
	n = s.over(n)
	b.choose(&n, s.Codec, "codec", bad)
	return n, bad
}

// windows takes back what the region has not got.
func (b *Bridge) windows(n, base Node, bad map[string]string) Node {
	if n.MAC.Region == nil {
		return n
	}
	if _, ok := n.MAC.Region.DataRate(n.MAC.RX2DataRate); !ok {
		bad["RX2DataRate"] = "the region has no such data rate"
		n.MAC.RX2DataRate = base.MAC.RX2DataRate
	}
	c := n.MAC.Region.UplinkChannels()[0]
	if _, _, ok := n.MAC.Region.RX1(c.Frequency, c.MinDR, n.MAC.RX1DROffset, false); !ok {
		bad["RX1DROffset"] = "the region has no such offset"
		n.MAC.RX1DROffset = base.MAC.RX1DROffset
	}
	return n
}

// choose gives n the codec called name, if one is.
func (b *Bridge) choose(n *Node, name *string, setting string, bad map[string]string) {
	if name == nil {
		return
	}
	c, ok := b.codecs[*name]
	if !ok && b.decoder != nil && n.Kit && strings.Contains(*name, "://") {
		remote, err := b.decoder(*name)
		if err != nil {
			bad[setting] = err.Error()
			return
		}
		c, ok = remote, true
	}
	if !ok {
		bad[setting] = "want " + choice(slices.Sorted(maps.Keys(b.codecs)))
		return
	}
	n.Codec = c
}

// loadDesired is what was kept of a device's desired properties.
func (b *Bridge) loadDesired(n *nodeState) (doc desiredRecord) {
	raw, ok := b.store.Get(desiredBucket, n.node.outboxKey())
	if ok && json.Unmarshal(raw, &doc) != nil {
		b.log.Warn("kept desired properties are unreadable: the configuration holds until the hub is reached", nodeField(n))
		return desiredRecord{}
	}
	return doc
}

// mergePatch lays patch over base as RFC 7396 says.
func mergePatch(base, patch json.RawMessage) json.RawMessage {
	var changes map[string]json.RawMessage
	if len(patch) == 0 || string(patch) == "null" {
		return nil
	}
	if json.Unmarshal(patch, &changes) != nil {
		return patch // not an object: it takes the place of what was there
	}
	var doc map[string]json.RawMessage
	if json.Unmarshal(base, &doc) != nil || doc == nil {
		doc = map[string]json.RawMessage{}
	}
	for k, v := range changes {
		if merged := mergePatch(doc[k], v); merged == nil {
			delete(doc, k)
		} else {
			doc[k] = merged
		}
	}
	b, err := json.Marshal(doc)
	if err != nil {
		return base
	}
	return b
}
