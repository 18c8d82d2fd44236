package bridge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// maxTemplated bounds a message made with a template, in bytes: one placeholder
// may stand in many places.
const maxTemplated = 200 << 10

// templated writes the message with the node's template. One that becomes too
// large goes out in V2, and says so.
func (f facts) templated() ([]byte, error) {
	v2 := f.v2()
	plain, err := json.Marshal(v2)
	if err != nil || f.node.Template == nil {
		return plain, err
	}
	d := json.NewDecoder(bytes.NewReader(plain))
	d.UseNumber()
	var message any
	if err := d.Decode(&message); err != nil {
		return nil, err
	}
	filled, ok := f.node.Template.Fill(string(f.Kind), message)
	if !ok {
		return nil, errNoShape
	}
	out, err := json.Marshal(filled)
	if err == nil && len(out) <= maxTemplated {
		return out, nil
	}
	if v2.valuesBody == nil {
		v2.valuesBody = &valuesBody{}
	}
	v2.refuseTemplate()
	return json.Marshal(v2)
}

// refuseTemplate says why the message is not what the template wants.
func (v *valuesBody) refuseTemplate() {
	v.Errors = append(slices.Clone(v.Errors), fmt.Sprintf("the template makes more than %d bytes of it", maxTemplated))
}
