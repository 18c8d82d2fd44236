package roster

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gatewayd/internal/config"
)

// Set reads the text of a key of [[node]], as people and other systems write
// it. An empty text is none. The error never quotes it: it may be a secret.
func (n Node) Set(key, text string) error {
	if text = strings.TrimSpace(text); text == "" {
		return nil
	}
	k, known := keys().byName[key]
	if !known {
		return fmt.Errorf("%s: no key of a node", key)
	}
	v, err := parse(k, text)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	n[key] = v
	return nil
}

func parse(k config.NodeKey, text string) (any, error) {
	switch k.Kind {
	case config.KindInteger:
		return parseInteger(text)
	case config.KindNumber:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f, nil
		}
		return nil, errors.New("not a number")
	case config.KindFlag:
		return parseFlag(text)
	case config.KindIntegers:
		return parseIntegers(text)
	case config.KindTexts:
		return parseTexts(text)
	case config.KindText:
	}
	switch {
	case isHex(k.Name) && !config.IsReference(text):
		return hexDigits(text), nil
	case k.Name == "version":
		return version(text), nil
	case k.Name == "class":
		return strings.TrimPrefix(strings.ToUpper(text), "CLASS_"), nil
	}
	return text, nil
}

func parseInteger(text string) (any, error) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "RX_DELAY_"), "DATA_RATE_") // of The Things Stack
	n, err := strconv.ParseInt(strings.TrimSuffix(text, ".0"), 10, 64)
	if err != nil {
		return nil, errors.New("not an integer")
	}
	return n, nil
}

func parseFlag(text string) (any, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "1":
		return true, nil
	case "false", "no", "0":
		return false, nil
	}
	return nil, errors.New("want true or false")
}

func parseIntegers(text string) (any, error) {
	list := []int64{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("[], ;|", r) }) {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return nil, errors.New("want integers, such as 1 2 3")
		}
		list = append(list, n)
	}
	return list, nil
}

func parseTexts(text string) (any, error) {
	table := map[string]string{}
	if err := json.Unmarshal([]byte(text), &table); err != nil {
		return nil, errors.New(`want a JSON object of texts, such as {"name":"value"}`)
	}
	return table, nil
}

// hexDigits are the digits of an EUI, an address or a key without what people
// put between them, in upper case.
func hexDigits(text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
	return strings.ToUpper(strings.NewReplacer("-", "", ":", "", " ", "").Replace(text))
}

// lorawanVersion finds a version in "1.0.2", "MAC_V1_0_2" or "LORAWAN_1_0_2".
var lorawanVersion = regexp.MustCompile(`^(?:MAC_V|LORAWAN_|V)?1[._]([01])(?:[._]([0-4]))?$`)

// version is a LoRaWAN version as [[node]] writes it. What is none is left to
// the configuration's own check.
func version(text string) string {
	m := lorawanVersion.FindStringSubmatch(strings.ToUpper(text))
	switch {
	case m == nil:
		return text
	case m[1] == "1":
		return "1.1"
	case m[2] == "":
		return "1.0.0"
	}
	return "1.0." + m[2]
}
