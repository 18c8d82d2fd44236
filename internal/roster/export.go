package roster

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Export writes nodes as CSV or JSON, which Read reads. Secrets are left out
// unless withKeys says otherwise.
func Export(w io.Writer, nodes []Node, format Format, withKeys bool) error {
	shown := make([]Node, len(nodes))
	for i, n := range nodes {
		if shown[i] = n; !withKeys {
			shown[i] = n.Without()
		}
	}
	switch format {
	case CSV:
		return exportCSV(w, shown)
	case JSON:
		return exportJSON(w, shown)
	default:
		return fmt.Errorf("format %s: nodes are written as %s or %s", format, CSV, JSON)
	}
}

func exportCSV(w io.Writer, nodes []Node) error {
	columns := columnsOf(nodes)
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for _, n := range nodes {
		record := make([]string, len(columns))
		for i, key := range columns {
			record[i] = csvText(n[key])
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// columnsOf are the keys that any of the nodes has; name and DevEUI in any case,
// so that the header is one.
func columnsOf(nodes []Node) []string {
	var columns []string
	for _, k := range keys().list {
		used := k.Name == "name" || k.Name == "device_id" || k.Name == "dev_eui"
		for _, n := range nodes {
			_, has := n[k.Name]
			used = used || has
		}
		if used {
			columns = append(columns, k.Name)
		}
	}
	return columns
}

func csvText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []int64:
		if len(v) == 0 {
			return "[]"
		}
		words := make([]string, len(v))
		for i, n := range v {
			words[i] = strconv.FormatInt(n, 10)
		}
		return strings.Join(words, " ")
	case map[string]string:
		text, _ := json.Marshal(v) // texts: cannot fail
		return string(text)
	}
	return fmt.Sprint(v) // int64, bool
}

// exportJSON writes one object a line, in one array.
func exportJSON(w io.Writer, nodes []Node) error {
	lines := make([]string, len(nodes))
	for i, n := range nodes {
		line, err := json.Marshal(map[string]any(n))
		if err != nil {
			return err
		}
		lines[i] = string(line)
	}
	text := "[]\n"
	if len(lines) > 0 {
		text = "[\n" + strings.Join(lines, ",\n") + "\n]\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
