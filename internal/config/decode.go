package config

import (
	"fmt"
	"reflect"
	"slices"
	"time"
)

// decoder puts a TOML tree into the raw structs. Unlike a general decoder it
// does not stop at the first mistake: a key that is unknown or of the wrong
// type is reported and left out.
type decoder struct {
	doc  *document
	root reflect.Type // for hints at keys of other tables
}

// decode puts tree into the struct behind target, over what is there.
func decode(doc *document, tree map[string]any, target any) {
	v := reflect.ValueOf(target).Elem()
	d := decoder{doc: doc, root: v.Type()}
	d.table("", tree, v)
}

func (d *decoder) table(path string, tree map[string]any, dst reflect.Value) {
	fields := fieldsOf(dst.Type())
	for key, v := range tree {
		at := joinKey(path, key)
		if f, ok := fieldOf(fields, key); ok {
			d.value(at, v, dst.FieldByIndex(f.Index))
		} else {
			d.doc.leaveOut(at, "unknown key; "+hint(d.root, dst.Type(), path, key))
		}
	}
}

func (d *decoder) value(path string, src any, dst reflect.Value) {
	switch dst.Kind() {
	case reflect.Pointer:
		v := reflect.New(dst.Type().Elem())
		d.value(path, src, v.Elem())
		dst.Set(v)
	case reflect.Struct:
		if tree, ok := src.(map[string]any); ok {
			d.table(path, tree, dst)
			return
		}
		d.mismatch(path, src, dst)
	case reflect.Slice:
		switch items, ok := src.([]any); {
		case ok && dst.Type().Elem().Kind() == reflect.Struct:
			d.tables(path, items, dst)
		case ok:
			d.list(path, items, dst)
		default:
			d.mismatch(path, src, dst)
		}
	case reflect.Map:
		if tree, ok := src.(map[string]any); ok {
			d.texts(path, tree, dst)
			return
		}
		d.mismatch(path, src, dst)
	default:
		d.scalar(path, src, dst)
	}
}

// texts decodes a table whose keys are anybody's choice.
func (d *decoder) texts(path string, tree map[string]any, dst reflect.Value) {
	dst.Set(reflect.MakeMapWithSize(dst.Type(), len(tree)))
	for key, v := range tree {
		text := reflect.New(dst.Type().Elem()).Elem()
		d.value(joinKey(path, key), v, text)
		dst.SetMapIndex(reflect.ValueOf(key), text)
	}
}

// tables decodes an array of tables.
func (d *decoder) tables(path string, items []any, dst reflect.Value) {
	dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
	for i, item := range items {
		if kindOf(item) != "a table" {
			d.mismatch(path, item, dst)
			return
		}
		v := dst.Index(i)
		if e, ok := v.Addr().Interface().(interface{ setDefaults() }); ok {
			e.setDefaults()
		}
		d.value(element(path, i), item, v)
	}
}

// list decodes an array of texts or numbers.
func (d *decoder) list(path string, items []any, dst reflect.Value) {
	dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(element(path, i), item, dst.Index(i))
	}
}

func (d *decoder) scalar(path string, src any, dst reflect.Value) {
	v := reflect.ValueOf(src)
	switch i, isInt := src.(int64); {
	case dst.Kind() == reflect.Float64 && isInt:
		dst.SetFloat(float64(i))
	case dst.Kind() == reflect.Interface && (isInt || v.Kind() == reflect.String):
		dst.Set(v)
	case v.Kind() == dst.Kind():
		dst.Set(v.Convert(dst.Type()))
	default:
		d.mismatch(path, src, dst)
	}
}

func (d *decoder) mismatch(path string, src any, dst reflect.Value) {
	d.doc.leaveOut(path, fmt.Sprintf("is %s; want %s", kindOf(src), wanted(displayKey(path), dst.Type())))
}

// kindOf names the TOML type of a decoded value.
func kindOf(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case int64:
		return "an integer"
	case float64:
		return "a number with a fraction"
	case bool:
		return "true or false"
	case []any:
		return "an array"
	case map[string]any:
		return "a table"
	case time.Time:
		return "a date"
	default:
		return "a date or time"
	}
}

// wanted says how to write a key of type t.
func wanted(key string, t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return fmt.Sprintf("one table: write [%s]", key)
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.Struct:
			return fmt.Sprintf("tables in an array: write [[%s]]", key)
		case reflect.Int64:
			return "an array of integers: write [1, 2]"
		default:
			return `an array of texts: write ["a", "b"]`
		}
	case reflect.Map:
		return `a table of texts: write { name = "value" }`
	case reflect.Int64:
		return "an integer without quotes"
	case reflect.Float64:
		return "a number without quotes"
	case reflect.Bool:
		return "true or false without quotes"
	case reflect.Interface:
		return `an integer of bytes, or text such as "64MiB"`
	default:
		if t == reflect.TypeFor[duration]() {
			return `text with a unit, such as "30s"`
		}
		return "text in quotes"
	}
}

// fieldsOf lists the fields of a raw struct that have a key, those of embedded
// structs included.
func fieldsOf(t reflect.Type) []reflect.StructField {
	return slices.DeleteFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool { return f.Tag.Get("toml") == "" })
}

// fieldOf finds the field for a key.
func fieldOf(fields []reflect.StructField, key string) (reflect.StructField, bool) {
	for _, f := range fields {
		if f.Tag.Get("toml") == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}
