package codec

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/dop251/goja"
)

// locale is how dates and numbers are written somewhere. Patterns of dates
// have a letter for each field, twice for two digits, and everything else
// between apostrophes; testdata/locales.mjs makes them.
type locale struct {
	Dates       map[string]string `json:"dates"` // by the fields asked for: yMd, EyLLd
	Usual       map[string]string `json:"usual"` // hms, hm, h, in the cycle of the locale
	H12         map[string]string `json:"h12"`   // where the cycle is asked for
	H23         map[string]string `json:"h23"`
	Glue        map[string]string `json:"glue"`  // between date and time, by either
	Style       map[string]string `json:"style"` // full, long, medium, short
	Cycle       string            `json:"cycle"` // h12 or h23
	MonthsLong  []string          `json:"monthsLong"`
	MonthsShort []string          `json:"monthsShort"`
	MonthsAlone []string          `json:"monthsAlone"`
	DaysLong    []string          `json:"daysLong"` // from Sunday
	DaysShort   []string          `json:"daysShort"`
	AMPM        []string          `json:"ampm"`
	Decimal     string            `json:"decimal"`
	Group       string            `json:"group"`
	Groups      []int             `json:"groups"`     // how 12345678 is parted
	FourDigits  bool              `json:"fourDigits"` // whether 1234 is parted
	Minus       string            `json:"minus"`
	Percent     string            `json:"percent"`
}

//go:embed locales.json
var localesJSON []byte

var locales = sync.OnceValues(func() (map[string]locale, error) {
	var all map[string]locale
	err := json.Unmarshal(localesJSON, &all)
	return all, err
})

// defaultLocale is that of Node where nothing else is set.
const defaultLocale = "en-US"

var localeTag = regexp.MustCompile(`^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*$`)

// findLocale takes the first argument of toLocaleString: nothing, a tag or a
// list of tags. A region that is not known is taken for the language's first,
// and a language that is not known for English.
func findLocale(v goja.Value) (locale, error) {
	all, err := locales()
	if err != nil {
		return locale{}, err
	}
	wanted := defaultLocale
	if o, ok := v.(*goja.Object); ok {
		v = orUndefined(o.Get("0"))
	}
	if v != nil && !goja.IsUndefined(v) {
		wanted = v.String()
	}
	if !localeTag.MatchString(wanted) {
		return locale{}, fmt.Errorf("Incorrect locale information provided") //nolint:staticcheck // the words of Node
	}
	for _, tag := range []string{wanted, firstRegion(wanted), defaultLocale} {
		if l, ok := all[tag]; ok {
			return l, nil
		}
	}
	return locale{}, fmt.Errorf("no locale %s", wanted)
}

// firstRegion is where a language is taken from when its region is not known.
func firstRegion(tag string) string {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	switch language {
	case "en", "zh", "ja", "ko", "sv", "da", "cs", "uk", "sl", "el", "et", "he":
		return map[string]string{
			"en": "en-US", "zh": "zh-CN", "ja": "ja-JP", "ko": "ko-KR", "sv": "sv-SE", "da": "da-DK", "cs": "cs-CZ", "uk": "uk-UA", "sl": "sl-SI",
			"el": "el-GR", "et": "et-EE", "he": "he-IL",
		}[language]
	case "pt":
		return "pt-BR"
	case "no", "nb", "nn":
		return "nb-NO"
	}
	return language + "-" + strings.ToUpper(language)
}

// stringOption reads an option; empty when there is none.
func stringOption(options goja.Value, name string) string {
	o, ok := options.(*goja.Object)
	if !ok {
		return ""
	}
	v := o.Get(name)
	if v == nil || goja.IsUndefined(v) {
		return ""
	}
	return v.String()
}

// answer gives a text, or an error as a list of its message, to intl.js and
// date.js, which throw it.
func answer(vm *goja.Runtime, text string, err error) goja.Value {
	if err != nil {
		return vm.NewArray(err.Error())
	}
	return vm.ToValue(text)
}
