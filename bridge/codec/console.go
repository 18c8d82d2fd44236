package codec

import (
	"strings"

	"github.com/dop251/goja"
)

// What one call may write to its console.
const (
	maxConsoleLines = 50
	maxConsoleBytes = 8 << 10
	maxConsoleLine  = 1 << 10
)

// console is where a script's messages go. It belongs to the goroutine of
// the call.
type console struct {
	vm           *goja.Runtime
	log          func(line string)
	lines, bytes int // written in this call
}

// reset begins a new call.
func (c *console) reset() { c.lines, c.bytes = 0, 0 }

// install makes the global console. All its methods write a line.
func (c *console) install() error {
	vm := c.vm
	write := vm.ToValue(func(call goja.FunctionCall) goja.Value {
		c.print(call.Arguments)
		return goja.Undefined()
	})
	object := vm.NewObject()
	for _, name := range []string{"log", "info", "warn", "error", "debug", "trace", "dir", "table", "group", "groupEnd", "assert", "time", "timeEnd"} {
		if err := object.Set(name, write); err != nil {
			return err
		}
	}
	return vm.GlobalObject().DefineDataProperty("console", object, goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
}

// print writes args as one line, as long as the call may write.
func (c *console) print(args []goja.Value) {
	if c.log == nil || c.lines >= maxConsoleLines || c.bytes >= maxConsoleBytes {
		return
	}
	var line strings.Builder
	for i, arg := range args {
		if i > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(c.shown(arg))
		if line.Len() > maxConsoleLine {
			break
		}
	}
	text := strings.ToValidUTF8(line.String(), "\uFFFD")
	if len(text) > maxConsoleLine {
		text = strings.ToValidUTF8(text[:maxConsoleLine], "") + "..."
	}
	c.lines++
	c.bytes += len(text)
	c.log(strings.ReplaceAll(text, "\n", `\n`))
	if c.lines == maxConsoleLines || c.bytes >= maxConsoleBytes {
		c.log("(the codec writes more than is kept of one call)")
	}
}

// shown is v for a reader: texts as they are, objects as JSON.
func (c *console) shown(v goja.Value) string {
	object, ok := v.(*goja.Object)
	if !ok || object.ClassName() == "Error" || object.ClassName() == "Function" {
		return v.String()
	}
	w := jsonWriter{vm: c.vm, limit: maxConsoleLine}
	if err := w.value(v); err != nil {
		return "[" + object.ClassName() + ": " + err.Error() + "]"
	}
	return string(w.out)
}
