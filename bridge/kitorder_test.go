package bridge

import (
	"encoding/json"
	"testing"
)

func TestTakeOrder(t *testing.T) {
	t.Parallel()
	for data, want := range map[string][2]string{
		`{"z":1,"cloudToDeviceMessage":{"fport":1},"a":[1.50,"\u0041"]}`: {`{"z":1,"a":[1.50,"\u0041"]}`, `{"fport":1}`},
		`{"cloudToDeviceMessage":{"fport":1}}`:                           {`{}`, `{"fport":1}`},
		`{"cloudToDeviceMessage":null,"a":1}`:                            {`{"a":1}`, ``},
		`{"a":"cloudToDeviceMessage"}`:                                   {`{"a":"cloudToDeviceMessage"}`, ``},
		`{"a":{"cloudToDeviceMessage":{}}}`:                              {`{"a":{"cloudToDeviceMessage":{}}}`, ``},
		`["cloudToDeviceMessage"]`:                                       {`["cloudToDeviceMessage"]`, ``},
		`{"cloudToDeviceMessage":`:                                       {`{"cloudToDeviceMessage":`, ``},
		`{"a":1}`:                                                        {`{"a":1}`, ``},
	} {
		v := &valuesBody{Data: json.RawMessage(data)}
		if order := v.takeOrder(); string(order) != want[1] || string(v.Data) != want[0] {
			t.Errorf("%s: took %s and left %s", data, order, v.Data)
		}
	}
	if order := (*valuesBody)(nil).takeOrder(); order != nil {
		t.Errorf("took %s out of nothing", order)
	}
}
