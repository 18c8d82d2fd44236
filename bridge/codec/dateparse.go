package codec

import (
	"math"
	"strings"

	"github.com/dop251/goja"
)

// parseDate gives scripts parse(text), milliseconds since 1970 or NaN. A text
// without a time zone is taken for UTC.
func parseDate(vm *goja.Runtime) func(goja.FunctionCall) goja.Value {
	return func(call goja.FunctionCall) goja.Value {
		text, _ := call.Argument(0).ToString().(goja.String)
		return vm.ToValue(newDateParser(codeUnits(text)).parse())
	}
}

// maxDate is the last time that a Date can have, in milliseconds.
const maxDate int64 = 864e13

// none is a part of a date that the text does not have.
const none = math.MinInt32

// dateParser reads dates in the forms that Node takes: first ISO 8601, and what
// is none in any order of numbers, names of months and zones.
type dateParser struct {
	dateScanner
	day        []int // year, month and day, or as they come
	namedMonth int
	iso        bool
	clock      []int // hour, minute, second, millisecond
	half       int   // 0 for AM, 12 for PM
	zone       zoneOffset
}

type zoneOffset struct{ sign, hour, minute int }

func newDateParser(text []uint16) *dateParser {
	p := &dateParser{dateScanner: dateScanner{text: text}, namedMonth: none, half: none, zone: zoneOffset{sign: none, hour: none, minute: none}}
	p.next()
	return p
}

func (p *dateParser) parse() float64 {
	rest, ok := p.isoDate()
	if !ok || !p.legacyDate(rest) {
		return math.NaN()
	}
	return p.milliseconds()
}

// isoDate reads [+-]YYYY-MM-DDTHH:mm:ss.sssZ, or returns the token from which
// on the text is something else.
func (p *dateParser) isoDate() (rest dateToken, ok bool) {
	switch {
	case p.token.isSign():
		sign := p.next()
		if !p.token.isNumber(6) || sign.kind == '-' && p.token.value == 0 {
			return sign, true
		}
		p.day = append(p.day, sign.sign()*p.next().value)
	case p.token.isNumber(4):
		p.day = append(p.day, p.next().value)
	default:
		return p.next(), true
	}
	for _, most := range []int{12, 31} {
		if !p.skip('-') {
			break
		}
		if !p.token.isNumber(2) || p.token.value < 1 || p.token.value > most {
			return p.next(), true
		}
		p.day = append(p.day, p.next().value)
	}
	if p.token.kind != dateWord || p.token.word != "t" {
		if p.token.kind != dateEnd {
			return p.next(), true
		}
	} else if p.next(); !p.isoClock() || !p.isoZone() || p.token.kind != dateEnd {
		return dateToken{}, false
	}
	p.iso = true
	return dateToken{kind: dateEnd}, true
}

// isoClock reads HH:mm[:ss[.sss]]; 24:00 is the end of the day.
func (p *dateParser) isoClock() bool {
	most := []int{24, 59, 59}
	for i := range most {
		if i > 0 && !p.skip(':') {
			return i == 2
		}
		if !p.token.isNumber(2) || p.token.value > most[i] {
			return false
		}
		if p.clock = append(p.clock, p.next().value); p.clock[0] == 24 {
			most[1], most[2] = 0, 0
		}
	}
	if p.skip('.') {
		if p.token.kind != dateNumber || p.clock[0] == 24 && p.token.value > 0 {
			return false
		}
		p.clock = append(p.clock, p.next().milliseconds())
	}
	return true
}

// isoZone reads Z, +hh:mm, +hhmm or nothing.
func (p *dateParser) isoZone() bool {
	if p.token.kind == dateWord && p.token.word == "z" {
		p.next()
		p.zone = zoneOffset{1, 0, 0}
		return true
	}
	if !p.token.isSign() {
		return true
	}
	sign := p.next().sign()
	hour, minute := 0, 0
	switch {
	case p.token.isNumber(4):
		n := p.next().value
		hour, minute = n/100, n%100
	case p.token.isNumber(2):
		hour = p.next().value
		if !p.skip(':') || !p.token.isNumber(2) {
			return false
		}
		minute = p.next().value
	default:
		return false
	}
	p.zone = zoneOffset{sign, hour, minute}
	return hour <= 23 && minute <= 59
}

// legacyDate reads everything else, from token on.
func (p *dateParser) legacyDate(token dateToken) bool {
	numbers := len(p.day) > 0
	for ; token.kind != dateEnd; token = p.next() {
		switch {
		case token.kind == dateNumber:
			numbers = true
			if !p.number(token.value) {
				return false
			}
		case token.kind == dateWord:
			if !p.name(token, numbers) {
				return false
			}
		case token.isSign() && (p.zone.hour == 0 && p.zone.minute == 0 || len(p.clock) > 0):
			numbers = true
			if !p.offset(token.sign()) {
				return false
			}
		case (token.isSign() || token.kind == ')') && numbers:
			return false
		}
	}
	return true
}

// expects reports whether n may be the next part of the time.
func (p *dateParser) expects(n int) bool {
	switch len(p.clock) {
	case 1, 2:
		return n <= 59
	case 3:
		return n <= 999
	}
	return false
}

// number takes a number for what it can be.
func (p *dateParser) number(n int) bool {
	switch {
	case p.skip(':'):
		if p.skip(':') {
			if len(p.clock) > 0 {
				return false
			}
			p.clock = append(p.clock, n, 0)
			return true
		}
		if len(p.clock) == 4 {
			return false
		}
		p.clock = append(p.clock, n)
		p.skip('.')
	case p.skip('.') && p.expects(n):
		p.clock = append(p.clock, n)
		if p.token.kind != dateNumber {
			return false
		}
		p.finish(p.next().milliseconds())
	case p.zone.hour != none && p.zone.minute == none && n <= 59:
		p.zone.minute = n
	case p.expects(n):
		p.finish(n)
		return p.token.kind == dateEnd || p.token.kind == dateSpace || p.token.isSign() || p.token.kind == dateWord && p.token.word == "z"
	default:
		if len(p.day) == 3 {
			return false
		}
		p.day = append(p.day, n)
		p.skip('-')
	}
	return true
}

// finish takes the last part of the time.
func (p *dateParser) finish(n int) {
	for p.clock = append(p.clock, n); len(p.clock) < 4; {
		p.clock = append(p.clock, 0)
	}
	p.clock = p.clock[:4]
}

var dateZones = map[string]int{
	"ut": 0, "utc": 0, "z": 0, "gmt": 0, "cdt": -5, "cst": -6, "edt": -4, "est": -5, "mdt": -6, "mst": -7, "pdt": -7, "pst": -8,
}

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

// name takes a word. Others than names of months and zones may only stand
// before the first number.
func (p *dateParser) name(token dateToken, numbers bool) bool {
	zone, isZone := dateZones[token.word]
	month := -1
	if len(token.word) >= 3 {
		month = strings.Index(monthNames, token.word[:3])
	}
	switch {
	case (token.word == "am" || token.word == "pm") && len(p.clock) > 0:
		p.half = map[string]int{"am": 0, "pm": 12}[token.word]
	case month >= 0 && month%3 == 0:
		p.namedMonth = month/3 + 1
		p.skip('-')
	case isZone && numbers:
		p.zone = zoneOffset{1, zone, 0}
		if zone < 0 {
			p.zone = zoneOffset{-1, -zone, 0}
		}
	default:
		return !numbers && p.token.kind != dateNumber
	}
	return true
}

// offset reads the time zone after its sign.
func (p *dateParser) offset(sign int) bool {
	p.zone.sign = sign
	n, length := 0, 0
	if p.token.kind == dateNumber {
		n, length = p.token.value, p.token.length
		p.next()
	}
	switch {
	case p.token.kind == ':':
		p.zone.hour, p.zone.minute = n, none
	case length == 1 || length == 2:
		p.zone.hour, p.zone.minute = n, 0
	case length == 3 || length == 4:
		p.zone.hour, p.zone.minute = n/100, n%100
	default:
		return false
	}
	return true
}

// milliseconds is the date that has been read.
func (p *dateParser) milliseconds() float64 {
	year, month, day, ok := p.date()
	for len(p.clock) < 4 {
		p.clock = append(p.clock, 0)
	}
	hour, minute, second, ms := p.clock[0], p.clock[1], p.clock[2], p.clock[3]
	if p.half != none {
		ok = ok && hour <= 12
		hour = hour%12 + p.half
	}
	midnight := hour == 24 && minute == 0 && second == 0 && ms == 0
	if !ok || !midnight && (hour > 23 || minute > 59 || second > 59 || ms > 999) {
		return math.NaN()
	}
	total := daysFrom1970(int64(year), month, day)*86400 + int64(hour*3600+minute*60+second)
	if p.zone.sign != none {
		total -= int64(p.zone.sign) * (int64(max(0, p.zone.hour))*3600 + int64(max(0, p.zone.minute))*60)
	}
	if total = total*1000 + int64(ms); total > maxDate || total < -maxDate {
		return math.NaN()
	}
	return float64(total)
}

// date orders the numbers: month, day, year, unless the first can only be a
// year.
func (p *dateParser) date() (year, month, day int, ok bool) {
	if len(p.day) == 0 {
		return 0, 0, 0, false
	}
	given := len(p.day)
	c := append(p.day, 1, 1) //nolint:gocritic // p.day is done with
	yearFirst := c[0] < 1 || c[0] > 31
	switch {
	case p.namedMonth == none && (p.iso || yearFirst):
		year, month, day = c[0], c[1], c[2]
	case p.namedMonth == none:
		month, day, year = c[0], c[1], c[2]
	case given == 1 && !yearFirst:
		month, day, year = p.namedMonth, c[0], 1
	case yearFirst:
		year, month, day = c[0], p.namedMonth, c[1]
	default:
		day, month, year = c[0], p.namedMonth, c[1]
	}
	if !p.iso && year >= 0 && year <= 99 {
		if year += 1900; year < 1950 {
			year += 100
		}
	}
	return year, month, day, month >= 1 && month <= 12 && day >= 1 && day <= 31
}

// daysFrom1970 counts days in the Gregorian calendar; a day beyond the end of
// its month is one of the next.
func daysFrom1970(year int64, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	inEra := year - era*400
	return era*146097 + inEra*365 + inEra/4 - inEra/100 + int64((153*(month-3)+2)/5+day) - 1 - 719468
}
