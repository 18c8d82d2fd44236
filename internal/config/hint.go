package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// manyKeys is how many keys are too many for one message.
const manyKeys = 16

// hint says what an unknown key of table (at path) was probably meant to be:
// a similar key of the same table, else the same key of another table, else
// it lists what there is.
func hint(root, table reflect.Type, path, key string) string {
	keys := keysOf(table)
	if best, ok := similar(key, keys); ok {
		return fmt.Sprintf("did you mean %q?", best)
	}
	if other := tablesWith(root, "", key); len(other) > 0 && path == "" {
		return fmt.Sprintf("it belongs in %s", strings.Join(other, " or "))
	}
	if len(keys) > manyKeys {
		return "gatewayd.reference.toml lists all there are"
	}
	return "known here: " + strings.Join(keys, ", ")
}

// similar picks the key that is nearest to what was written.
func similar(key string, keys []string) (string, bool) {
	if key = normalize(key); key == "appeui" {
		key = "joineui" // its name before LoRaWAN 1.1
	}
	best, bestDistance := "", len(key)/3+1
	for _, k := range keys {
		if d := distance(key, normalize(k)); d < bestDistance || (d == 0 && best == "") {
			best, bestDistance = k, d
		}
	}
	return best, best != ""
}

// normalize drops what people vary: case and separators.
func normalize(key string) string {
	return strings.NewReplacer("_", "", "-", "", " ", "").Replace(strings.ToLower(key))
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// keysOf lists the keys of a table, sorted.
func keysOf(table reflect.Type) []string {
	var keys []string
	for _, f := range fieldsOf(table) {
		keys = append(keys, f.Tag.Get("toml"))
	}
	slices.Sort(keys)
	return keys
}

// tablesWith lists the tables inside table that have key, as they are
// written: "[hub]", "[[concentrator]]".
func tablesWith(table reflect.Type, path, key string) []string {
	var found []string
	for _, f := range fieldsOf(table) {
		t, open, end := f.Type, "[", "]"
		if t.Kind() == reflect.Slice {
			t, open, end = t.Elem(), "[[", "]]"
		}
		if t.Kind() != reflect.Struct {
			continue
		}
		at := joinKey(path, f.Tag.Get("toml"))
		if _, ok := fieldOf(fieldsOf(t), key); ok {
			found = append(found, open+at+end)
		}
		found = append(found, tablesWith(t, at, key)...)
	}
	return found
}
