package codec

import (
	"errors"
	"fmt"

	"github.com/dop251/goja"
)

// installModule makes module, exports and require, which codecs written for
// Node mention. There is nothing to require but what is global already.
func installModule(vm *goja.Runtime) error {
	exports, module := vm.NewObject(), vm.NewObject()
	require := vm.ToValue(func(name string) (goja.Value, error) {
		if name != "buffer" && name != "node:buffer" {
			return nil, fmt.Errorf("require(%q): a codec cannot load modules; bundle it into one file", name)
		}
		o := vm.NewObject()
		err := o.Set("Buffer", vm.Get("Buffer"))
		return o, err
	})
	global := vm.GlobalObject()
	return errors.Join(
		module.Set("exports", exports),
		hide(global, "module", module),
		hide(global, "exports", exports),
		hide(global, "require", require),
	)
}

// hide defines a property that does not show in loops.
func hide(object *goja.Object, name string, value goja.Value) error {
	return object.DefineDataProperty(name, value, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}
