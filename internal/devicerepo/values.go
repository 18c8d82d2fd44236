package devicerepo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"go.yaml.in/yaml/v4"
)

// values is a JSON object whose keys keep their order.
type values []member

type member struct {
	name  string
	value json.RawMessage
}

// MarshalJSON writes the object.
func (v values) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range v {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quoted(m.name))
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// only are the members of those names.
func (v values) only(names ...string) values {
	kept := values{}
	for _, name := range names {
		for _, m := range v {
			if m.name == name {
				kept = append(kept, m)
			}
		}
	}
	return kept
}

// maxDepth bounds how deep values lie in each other.
const maxDepth = 32

// maxNodes bounds how many values one file expands to: a YAML alias repeats what
// it stands for.
const maxNodes = 200_000

// converter turns YAML into JSON.
type converter struct{ nodes int }

func (c *converter) json(n *yaml.Node, depth int) (json.RawMessage, error) {
	if c.nodes++; c.nodes > maxNodes || depth > maxDepth {
		return nil, fmt.Errorf("line %d: too much, or too deep", n.Line)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 1 {
			return c.json(n.Content[0], depth)
		}
	case yaml.AliasNode:
		return c.json(n.Alias, depth+1)
	case yaml.SequenceNode:
		b := []byte{'['}
		for i, item := range n.Content {
			v, err := c.json(item, depth+1)
			if err != nil {
				return nil, err
			}
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, v...)
		}
		return append(b, ']'), nil
	case yaml.MappingNode:
		v, err := c.object(n, depth)
		if err != nil {
			return nil, err
		}
		return v.MarshalJSON()
	case yaml.ScalarNode:
		return scalar(n), nil
	default:
	}
	return json.RawMessage("null"), nil
}

func (c *converter) object(n *yaml.Node, depth int) (values, error) {
	v := values{}
	if n == nil || n.Kind != yaml.MappingNode {
		return v, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		value, err := c.json(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		v = append(v, member{n.Content[i].Value, value})
	}
	return v, nil
}

// scalar is one value as JSON: a number as it is written if JSON writes it so.
func scalar(n *yaml.Node) json.RawMessage {
	switch n.ShortTag() {
	case "!!null":
		return json.RawMessage("null")
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return strconv.AppendBool(nil, b)
		}
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.RawMessage(n.Value)
		}
		var i int64
		if n.Decode(&i) == nil {
			return strconv.AppendInt(nil, i, 10)
		}
		var f float64
		if n.Decode(&f) == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return strconv.AppendFloat(nil, f, 'g', -1, 64)
		}
	}
	return quoted(n.Value)
}

func quoted(text string) []byte {
	b, _ := json.Marshal(text) // text cannot fail
	return b
}
