package codec

import (
	"reflect"

	"github.com/dop251/goja/ast"
)

// visit calls f with each pointer in a tree of syntax, from the outside in.
func visit(node any, f func(node any)) { visitValue(reflect.ValueOf(node), f) }

func visitValue(v reflect.Value, f func(node any)) {
	switch v.Kind() {
	case reflect.Interface:
		visitValue(v.Elem(), f)
	case reflect.Pointer:
		if !v.IsNil() && v.Type().Elem().PkgPath() == reflect.TypeFor[ast.Program]().PkgPath() {
			f(v.Interface())
			visitValue(v.Elem(), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				visitValue(v.Field(i), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			visitValue(v.Index(i), f)
		}
	default:
	}
}
