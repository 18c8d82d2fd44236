package hubtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// Limits of twins, in bytes. Source: Microsoft's "Understand and use device
// twins in IoT Hub".
const (
	maxTags       = 8192
	maxDesired    = 32768
	maxReported   = 32768
	maxTwinKey    = 1024
	maxTwinValue  = 4096
	maxTwinDepth  = 10
	maxTwinNumber = 4503599627370496
)

// errTwinSize is returned for properties beyond their limit.
var errTwinSize = errors.New("properties larger than the twin holds")

// checkProperties checks one section of a twin: its size, and each name and
// value in it.
func checkProperties(section properties, limit int) error {
	size, err := objectSize(section, 0)
	if err != nil {
		return err
	}
	if size > limit {
		return fmt.Errorf("%w: %d bytes, want at most %d", errTwinSize, size, limit)
	}
	return nil
}

// objectSize is the size of names and values, as the hub counts it.
func objectSize(object properties, depth int) (int, error) {
	if depth > maxTwinDepth {
		return 0, fmt.Errorf("objects more than %d deep", maxTwinDepth)
	}
	size := 0
	for k, v := range object {
		if err := checkKey(k); err != nil {
			return 0, err
		}
		n, err := valueSize(v, depth)
		if err != nil {
			return 0, fmt.Errorf("%.40s: %w", k, err)
		}
		size += textSize(k) + n
	}
	return size, nil
}

func checkKey(k string) error {
	if k == "" || len(k) > maxTwinKey || strings.ContainsAny(k, ".$ ") || strings.ContainsFunc(k, unicode.IsControl) {
		return fmt.Errorf("property name %.40q: want 1 to %d bytes without '.', '$', spaces and control characters", k, maxTwinKey)
	}
	return nil
}

func valueSize(v any, depth int) (int, error) {
	switch v := v.(type) {
	case properties:
		return objectSize(v, depth+1)
	case []any:
		size := 0
		for _, e := range v {
			n, err := valueSize(e, depth)
			if err != nil {
				return 0, err
			}
			size += n
		}
		return size, nil
	case string:
		if len(v) > maxTwinValue {
			return 0, fmt.Errorf("text of %d bytes: want at most %d", len(v), maxTwinValue)
		}
		return textSize(v), nil
	case json.Number:
		return 8, checkNumber(v)
	case bool:
		return 4, nil
	}
	return 0, nil // null, inside an array
}

// checkNumber bounds integers; other numbers may be any.
func checkNumber(n json.Number) error {
	if strings.ContainsAny(n.String(), ".eE") {
		return nil
	}
	if i, err := strconv.ParseInt(n.String(), 10, 64); err != nil || i > maxTwinNumber || i < -maxTwinNumber {
		return fmt.Errorf("integer %.30s: want at most %d either way", n, int64(maxTwinNumber))
	}
	return nil
}

// textSize counts UTF-8 without control characters.
func textSize(s string) int {
	size := len(s)
	for _, r := range s {
		if unicode.IsControl(r) {
			size -= len(string(r))
		}
	}
	return size
}
