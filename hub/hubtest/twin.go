package hubtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"time"
)

// properties are JSON objects as decoded, with json.Number for numbers.
type properties = map[string]any

// twin is a device twin.
type twin struct {
	tags              properties
	desired, reported half
	version           int // counts changes by the service, also in the etag
}

// half is one side of a twin's properties.
type half struct {
	values   properties
	metadata properties // mirrors values
	version  int
	versions bool // metadata tells versions too, as that of desired does
}

func newTwin(now time.Time) *twin {
	t := &twin{tags: properties{}, version: 1}
	t.desired = half{values: properties{}, metadata: properties{}, version: 1, versions: true}
	t.reported = half{values: properties{}, metadata: properties{}, version: 1}
	t.desired.metadata = t.desired.stamp(now)
	t.reported.metadata = t.reported.stamp(now)
	return t
}

// document is the answer to a read of the twin by its device.
func (t *twin) document() ([]byte, error) {
	return json.Marshal(map[string]any{"desired": t.desired.forDevice(), "reported": t.reported.forDevice()})
}

func (h half) forDevice() properties {
	all := maps.Clone(h.values)
	all["$version"] = h.version
	return all
}

// forService is the half with its metadata. It shares nothing that changes.
func (h half) forService() properties {
	all := h.forDevice()
	all["$metadata"] = h.metadata
	return all
}

// patch merges changes, within the limits, and counts the version up.
func (h *half) patch(changes properties, limit int, now time.Time) error {
	merged := mergePatch(h.values, changes)
	if err := checkProperties(merged, limit); err != nil {
		return err
	}
	h.values = merged
	h.version++
	h.metadata = h.touch(h.metadata, changes, h.stamp(now))
	return nil
}

// replace puts values in the place of all there is, and returns the change as
// a patch.
func (h *half) replace(values properties, limit int, now time.Time) (properties, error) {
	change := properties{}
	for k := range h.values {
		change[k] = nil
	}
	old := h.values
	h.values = properties{}
	if err := h.patch(values, limit, now); err != nil {
		h.values = old
		return nil, err
	}
	h.metadata = h.touch(properties{}, h.values, h.stamp(now))
	maps.Copy(change, h.values)
	return change, nil
}

// stamp is the metadata of what changes now.
func (h *half) stamp(now time.Time) properties {
	s := properties{"$lastUpdated": now.UTC().Format("2006-01-02T15:04:05.9999999Z")}
	if h.versions {
		s["$lastUpdatedVersion"] = h.version
	}
	return s
}

// touch stamps the metadata of an object and of what changes in it.
func (h *half) touch(metadata, changes, stamp properties) properties {
	touched := maps.Clone(metadata)
	for k, v := range changes {
		switch v := v.(type) {
		case nil:
			delete(touched, k)
		case properties:
			inner, _ := metadata[k].(properties)
			if inner == nil {
				inner = properties{}
			}
			touched[k] = h.touch(inner, v, stamp)
		default:
			touched[k] = stamp
		}
	}
	maps.Copy(touched, stamp)
	return touched
}

var (
	errPatch        = errors.New("want one JSON object")
	errPatchVersion = errors.New("$version does not belong in a patch")
)

// parseObject reads one JSON object and nothing else.
func parseObject(text []byte) (properties, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object properties
	if err := d.Decode(&object); err != nil || object == nil {
		return nil, errPatch
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errPatch
	}
	return object, nil
}

// report merges a device's patch into the reported properties.
func (t *twin) report(patch []byte, now time.Time) error {
	changes, err := parseObject(patch)
	if err != nil {
		return err
	}
	if _, ok := changes["$version"]; ok {
		return errPatchVersion
	}
	return t.reported.patch(changes, maxReported, now)
}

// mergePatch is RFC 7396: null removes, objects merge, the rest replaces. It
// leaves its arguments alone.
func mergePatch(old, patch properties) properties {
	merged := make(properties, len(old)+len(patch))
	maps.Copy(merged, old)
	for k, v := range patch {
		if v == nil {
			delete(merged, k)
			continue
		}
		if inner, ok := v.(properties); ok {
			before, _ := merged[k].(properties)
			v = mergePatch(before, inner)
		}
		merged[k] = v
	}
	return merged
}
