package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readCSV reads a table with a header. The separator is a comma, a semicolon or
// a tab.
func readCSV(data []byte, format Format) (List, error) {
	header, _, _ := bytes.Cut(data, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(data))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = separator(header), -1, true
	names, err := r.Read()
	if err != nil {
		return List{}, fmt.Errorf("line 1: not CSV: %w", plainCSV(err))
	}
	l := List{Format: format}
	if format == "" {
		l.Format = detectCSV(names)
	}
	if l.Format != CSV && l.Format != ChirpStack && l.Format != ThingsStack {
		return List{}, fmt.Errorf("is not JSON, as the format %s is", l.Format)
	}
	columns, unknown := columnKeys(names)
	if !slices.ContainsFunc(columns, func(key string) bool { return key == "dev_eui" || key == "dev_addr" }) {
		return List{}, errors.New("line 1: names neither dev_eui nor dev_addr: the first line of CSV names the columns, as docs/nodes.md says")
	}
	if len(unknown) > 0 {
		l.Notes = append(l.Notes, "columns that are not taken over: "+strings.Join(unknown, ", "))
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return l, nil
		}
		if len(l.Entries) == maxEntries {
			return List{}, fmt.Errorf("more than %d entries", maxEntries)
		}
		e := Entry{Node: Node{}}
		var parse *csv.ParseError
		switch {
		case errors.As(err, &parse):
			e.Line, e.Err = parse.Line, plainCSV(err)
			l.Entries = append(l.Entries, e)
			return l, nil // what follows cannot be told apart
		case err != nil:
			return List{}, err
		}
		e.Line, _ = r.FieldPos(0)
		e.row(columns, record, l.Format)
		l.Entries = append(l.Entries, e)
	}
}

// plainCSV is what is wrong, without the text where it is.
func plainCSV(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return parse.Err
	}
	return err
}

// separator is the character that most likely separates the columns.
func separator(header []byte) rune {
	best := ','
	for _, c := range ";\t" {
		if bytes.Count(header, []byte(string(c))) > bytes.Count(header, []byte(string(best))) {
			best = c
		}
	}
	return best
}

// detectCSV finds out whose table it is by a column that no other has.
func detectCSV(names []string) Format {
	folded := map[string]bool{}
	for _, n := range names {
		folded[foldKey(n)] = true
	}
	switch {
	case folded["frequencyplanid"] || folded["lorawanphyversion"] || folded["lorawanversion"]:
		return ThingsStack
	case folded["deviceprofileid"] || folded["deviceprofilename"] || folded["applicationid"] || folded["applicationname"] || folded["nwkkey"] && !folded["appkey"]:
		return ChirpStack
	}
	return CSV
}

// columnKeys are the keys of [[node]] that columns stand for; "" for those that
// stand for none.
func columnKeys(names []string) (columns, unknown []string) {
	aliases := columnAliases()
	for _, n := range names {
		key := aliases[foldKey(n)]
		if key != "" && slices.Contains(columns, key) {
			key = "" // the first one counts
		}
		if columns = append(columns, key); key == "" && n != "" {
			unknown = append(unknown, name(n))
		}
	}
	return columns, unknown
}

// columnAliases are the names of columns, folded, and the keys they stand for.
func columnAliases() map[string]string {
	m := map[string]string{}
	for _, k := range keys().list {
		m[foldKey(k.Name)] = k.Name
	}
	for alias, key := range map[string]string{
		"id": "device_id", "appeui": "join_eui", "networkkey": "nwk_key", "applicationkey": "app_key",
		"networksessionkey": "nwk_s_key", "nwksessionkey": "nwk_s_key", "applicationsessionkey": "app_s_key", "appsessionkey": "app_s_key",
		"primarykey": "device_key", "symmetrickey": "device_key", "deviceaddress": "dev_addr", "devicename": "name",
		"lorawanversion": "version", "macversion": "version", "classtype": "class", "rx1delay": "rx_delay", "rx1droffset": "rx1_dr_offset",
		"deviceprofilename": kindName, "brandid": brandID, "firmwareversion": firmwareOf, "supportsclassc": supportsClassC,
		"macsettingsrx1delay": "rx_delay", "macsettingsrx1delayvalue": "rx_delay", "rootkeysappkeykey": "app_key", "rootkeysnwkkeykey": "nwk_key",
		"sessiondevaddr": "dev_addr", "sessionkeysappskeykey": "app_s_key", "sessionkeysfnwksintkeykey": "f_nwk_s_int_key",
		"sessionkeyssnwksintkeykey": "s_nwk_s_int_key", "sessionkeysnwksenckeykey": "nwk_s_enc_key",
		"skipfcntcheck": skipCounters, "skipfcnt": skipCounters,
	} {
		m[alias] = key
	}
	return m
}

// Columns that say less than a key of [[node]] does.
const (
	supportsClassC = "supports class C"
	skipCounters   = "skip FCnt check"
	kindName       = "device profile name"
	brandID        = "brand"
	firmwareOf     = "firmware"
)

// row reads one line.
func (e *Entry) row(columns, record []string, format Format) {
	if strings.TrimSpace(strings.Join(record, "")) == "" {
		e.Skip = "an empty line"
		return
	}
	if len(record) != len(columns) {
		e.Err = fmt.Errorf("has %d fields, and the first line names %d", len(record), len(columns))
		return
	}
	var brand, model, firmware string
	for i, key := range columns {
		text := strings.TrimSpace(record[i])
		if key == "model_id" && format == ThingsStack {
			model = text // of its device repository, not of Plug and Play
			continue
		}
		switch key {
		case "":
		case kindName:
			e.Kinds = append(e.Kinds, text)
		case brandID:
			brand = text
		case firmwareOf:
			firmware = text
		case supportsClassC:
			e.classC(strings.EqualFold(text, "true"))
		case skipCounters:
			e.skipCounters(strings.EqualFold(text, "true"))
		default:
			e.set(key, text)
			keepEmpty(e.Node, key, text)
		}
	}
	e.kind(brand, model, firmware)
	switch format {
	case ChirpStack:
		e.chirpStackKeys()
	case ThingsStack:
		e.thingsStackKeys()
	default:
	}
}

func (e *Entry) classC(supported bool) {
	if supported && e.Node.text("class") == "" {
		e.Node["class"] = "C"
	}
}

func (e *Entry) skipCounters(skip bool) {
	if skip {
		e.Node["counters"] = "off"
	}
}
