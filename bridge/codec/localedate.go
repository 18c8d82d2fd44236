package codec

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must not depend on the machine

	"github.com/dop251/goja"
)

// formatDate gives scripts format(ms, locales, options, what), where what is
// any, date or time: what a call without options shows.
func formatDate(vm *goja.Runtime) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		l, err := findLocale(call.Argument(1))
		if err != nil {
			return answer(vm, "", err)
		}
		f, err := newDateFormat(l, call.Argument(2), call.Argument(3).String())
		if err != nil {
			return answer(vm, "", err)
		}
		return answer(vm, f.format(time.UnixMilli(call.Argument(0).ToInteger())), nil)
	}
}

// dateFormat writes dates as Intl.DateTimeFormat does.
type dateFormat struct {
	locale
	zone         *time.Location
	option       map[string]string
	date, clock  string // patterns; empty: not shown
	glue         string
	cycle        string // h12, h23, h24
	longMonth    bool
	monthAlone   bool
	longDay      bool
	fraction     int    // digits
	zoneName     string // short or long
	americanZone bool
}

var dateOptions = []string{
	"weekday", "year", "month", "day", "hour", "minute", "second", "fractionalSecondDigits", "timeZoneName",
	"hour12", "hourCycle", "dateStyle", "timeStyle", "timeZone",
}

func newDateFormat(l locale, options goja.Value, what string) (*dateFormat, error) {
	f := &dateFormat{locale: l, option: map[string]string{}, zone: time.UTC}
	for _, name := range dateOptions {
		if v := stringOption(options, name); v != "" {
			f.option[name] = v
		}
	}
	if name := f.option["timeZone"]; name != "" && !strings.EqualFold(name, "utc") {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			return nil, fmt.Errorf("Invalid time zone specified: %s", name) //nolint:staticcheck // the words of Node
		}
		f.zone = zone
	}
	f.americanZone = strings.HasPrefix(f.option["timeZone"], "America/") && l.Cycle == "h12"
	f.fraction, _ = strconv.Atoi(f.option["fractionalSecondDigits"])
	f.zoneName = f.option["timeZoneName"]
	f.setCycle()
	if f.option["dateStyle"] != "" || f.option["timeStyle"] != "" {
		f.setStyles()
		return f, nil
	}
	f.setDefaults(what)
	f.setFields()
	return f, nil
}

func (f *dateFormat) setCycle() {
	f.cycle = f.Cycle
	if c := f.option["hourCycle"]; c == "h11" || c == "h12" || c == "h23" || c == "h24" {
		f.cycle = c
	}
	switch f.option["hour12"] {
	case "true":
		if f.cycle = "h12"; f.Cycle == "h23" {
			f.cycle = "h11" // so does Node
		}
	case "false":
		f.cycle = "h23"
		if f.Cycle == "h12" {
			f.cycle = "h24" // so midnight is 24:00 in America, for Node as well
		}
	}
}

// times are the patterns of the cycle.
func (f *dateFormat) times() map[string]string {
	if f.option["hour12"] == "" && f.option["hourCycle"] == "" {
		return f.Usual
	}
	if f.cycle == "h12" || f.cycle == "h11" {
		return f.H12
	}
	return f.H23
}

// setStyles takes dateStyle and timeStyle.
func (f *dateFormat) setStyles() {
	style := f.option["dateStyle"]
	f.date, f.glue = f.Style[style], f.Glue[style]
	f.longMonth, f.longDay = style == "full" || style == "long", true
	switch f.option["timeStyle"] {
	case "short":
		f.clock = f.times()["hm"]
	case "medium":
		f.clock = f.times()["hms"]
	case "long", "full":
		f.clock = f.times()["hms"]
		f.zoneName = map[string]string{"long": "short", "full": "long"}[f.option["timeStyle"]]
	}
}

// setDefaults adds the fields that are shown when none is asked for.
func (f *dateFormat) setDefaults(what string) {
	has := func(names ...string) bool {
		for _, name := range names {
			if f.option[name] != "" {
				return true
			}
		}
		return false
	}
	date, clock := has("weekday", "year", "month", "day"), has("hour", "minute", "second", "fractionalSecondDigits")
	add := func(names ...string) {
		for _, name := range names {
			f.option[name] = "numeric"
		}
	}
	if what == "date" && !date || what == "any" && !date && !clock || what == "intl" && !date && !clock {
		add("year", "month", "day")
	}
	if what == "time" && !clock || what == "any" && !date && !clock {
		add("hour", "minute", "second")
	}
}

// setFields takes the fields asked for to the patterns that have them.
func (f *dateFormat) setFields() {
	key := ""
	if f.option["year"] != "" {
		key += "y"
	}
	switch f.option["month"] {
	case "":
	case "long":
		key, f.longMonth = key+"LL", true
	case "short", "narrow":
		key += "L"
	default:
		key += "M"
	}
	if f.option["day"] != "" {
		key += "d"
	}
	f.monthAlone = f.option["day"] == ""
	if f.option["weekday"] != "" {
		key, f.longDay = "E"+key, f.option["weekday"] == "long"
	}
	f.date = f.Dates[key]
	if f.date == "" && key != "" {
		key = "yMd"
		f.date = f.Dates[key]
	}
	if f.glue = f.Glue[key]; f.glue == "" {
		f.glue = ", "
	}
	switch {
	case f.option["second"] != "" && f.option["hour"] != "":
		f.clock = f.times()["hms"]
	case f.option["minute"] != "" && f.option["hour"] != "":
		f.clock = f.times()["hm"]
	case f.option["hour"] != "":
		f.clock = f.times()["h"]
	case f.option["minute"] != "" && f.option["second"] != "":
		f.clock = "m':'s"
	case f.option["minute"] != "":
		f.clock = "n"
	case f.option["second"] != "":
		f.clock = "n"
	}
}

func (f *dateFormat) format(t time.Time) string {
	t = t.In(f.zone)
	parts := make([]string, 0, 2)
	if f.date != "" {
		parts = append(parts, f.fill(f.date, t))
	}
	if f.clock != "" {
		parts = append(parts, f.fill(f.clock, t))
	}
	text := strings.Join(parts, f.glue)
	switch {
	case f.zoneName == "":
	case f.clock == "":
		text += ", " + f.zoneText(t)
	default:
		text += " " + f.zoneText(t)
	}
	return text
}

// fill writes a pattern.
func (f *dateFormat) fill(pattern string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(pattern); {
		if pattern[i] == '\'' {
			end := i + 1 + strings.IndexByte(pattern[i+1:], '\'')
			b.WriteString(pattern[i+1 : end])
			i = end + 1
			continue
		}
		n := 1
		for i+n < len(pattern) && pattern[i+n] == pattern[i] {
			n++
		}
		b.WriteString(f.field(pattern[i], n == 2, t))
		i += n
	}
	return b.String()
}

// field writes one field.
func (f *dateFormat) field(letter byte, two bool, t time.Time) string {
	number := func(v int, option string) string {
		if two || f.option[option] == "2-digit" {
			return fmt.Sprintf("%02d", v)
		}
		return strconv.Itoa(v)
	}
	switch letter {
	case 'y':
		if two || f.option["year"] == "2-digit" {
			return fmt.Sprintf("%02d", t.Year()%100)
		}
		return strconv.Itoa(t.Year())
	case 'M':
		return number(int(t.Month()), "month")
	case 'L':
		return f.monthName(t.Month())
	case 'd':
		return number(t.Day(), "day")
	case 'E':
		if f.longDay {
			return f.DaysLong[t.Weekday()]
		}
		return f.DaysShort[t.Weekday()]
	case 'h':
		// With the name of a zone, hours have one digit where days have two.
		two = two && (f.option["timeZoneName"] == "" || f.cycle == "h12")
		return number(f.hour(t.Hour()), "hour")
	case 'm':
		return fmt.Sprintf("%02d", t.Minute())
	case 's':
		return fmt.Sprintf("%02d", t.Second()) + f.fractionText(t)
	case 'n':
		if f.option["second"] != "" {
			return strconv.Itoa(t.Second())
		}
		return strconv.Itoa(t.Minute())
	}
	return f.AMPM[t.Hour()/12]
}

func (f *dateFormat) monthName(m time.Month) string {
	switch {
	case f.longMonth && f.monthAlone:
		return f.MonthsAlone[m-1]
	case f.longMonth:
		return f.MonthsLong[m-1]
	}
	return f.MonthsShort[m-1]
}

func (f *dateFormat) hour(h int) int {
	switch f.cycle {
	case "h12":
		return (h+11)%12 + 1
	case "h11":
		return h % 12
	case "h24":
		return (h+23)%24 + 1
	}
	return h
}

func (f *dateFormat) fractionText(t time.Time) string {
	if f.fraction < 1 || f.fraction > 3 {
		return ""
	}
	return f.Decimal + fmt.Sprintf("%03d", t.Nanosecond()/1e6)[:f.fraction]
}

// zoneText names the zone: by its offset, but in America.
func (f *dateFormat) zoneText(t time.Time) string {
	name, offset := t.Zone()
	switch {
	case f.zone == time.UTC && f.zoneName == "long":
		return "Coordinated Universal Time"
	case f.zone == time.UTC:
		return "UTC"
	case f.americanZone:
		return name
	case offset == 0:
		return "GMT"
	}
	text := fmt.Sprintf("GMT%+d", offset/3600)
	if minutes := max(offset, -offset) / 60 % 60; minutes != 0 {
		text += fmt.Sprintf(":%02d", minutes)
	}
	return text
}
