package codec

// lppType is one data type of Cayenne LPP: its byte on the air is the number
// of the IPSO object minus 3200.
type lppType struct {
	id   byte
	name string // keys of data are name_channel
	// fields are the members of an object; a type with a single field without
	// name is a plain number.
	fields []lppField
}

// lppField is one big-endian number.
type lppField struct {
	name     string
	size     int // bytes
	signed   bool
	perUnit  float64 // steps that make one unit
	min, max float64 // allowed when encoding; both 0: what fits
}

func single(size int, signed bool, perUnit float64) []lppField {
	return []lppField{{size: size, signed: signed, perUnit: perUnit}}
}

func axes(perUnit float64) []lppField {
	return []lppField{
		{name: "x", size: 2, signed: true, perUnit: perUnit},
		{name: "y", size: 2, signed: true, perUnit: perUnit},
		{name: "z", size: 2, signed: true, perUnit: perUnit},
	}
}

// lppTypes are the types of myDevices' Cayenne LPP 1.0, and those that
// ElectronicCats' CayenneLPP library added, with the names that The Things
// Stack gives to the former. Units: lux, degrees Celsius, percent, g, hPa,
// degrees per second, degrees, metres, volts, amperes, hertz, kilograms, ppm,
// watts, kilowatt-hours, seconds since 1970.
func lppTypes() []lppType {
	return []lppType{
		{0, "digital_in", single(1, false, 1)},
		{1, "digital_out", single(1, false, 1)},
		{2, "analog_in", single(2, true, 100)},
		{3, "analog_out", single(2, true, 100)},
		{100, "generic", single(4, false, 1)},
		{101, "luminosity", single(2, false, 1)},
		{102, "presence", single(1, false, 1)},
		{103, "temperature", single(2, true, 10)},
		{104, "relative_humidity", single(1, false, 2)},
		{113, "accelerometer", axes(1000)},
		{115, "barometric_pressure", single(2, false, 10)},
		{116, "voltage", single(2, false, 100)},
		{117, "current", single(2, false, 1000)},
		{118, "frequency", single(4, false, 1)},
		{120, "percentage", single(1, false, 1)},
		{121, "altitude", single(2, true, 1)},
		{122, "load", single(3, true, 1000)},
		{125, "concentration", single(2, false, 1)},
		{128, "power", single(2, false, 1)},
		{130, "distance", single(4, false, 1000)},
		{131, "energy", single(4, false, 1000)},
		{132, "direction", single(2, false, 1)},
		{133, "unix_time", single(4, false, 1)},
		{134, "gyrometer", axes(100)},
		{135, "colour", []lppField{
			{name: "r", size: 1, perUnit: 1},
			{name: "g", size: 1, perUnit: 1},
			{name: "b", size: 1, perUnit: 1},
		}},
		{136, "gps", []lppField{
			{name: "latitude", size: 3, signed: true, perUnit: 10000, min: -90, max: 90},
			{name: "longitude", size: 3, signed: true, perUnit: 10000, min: -180, max: 180},
			{name: "altitude", size: 3, signed: true, perUnit: 100},
		}},
		{142, "switch", single(1, false, 1)},
	}
}

// size is how many bytes a value of t has.
func (t lppType) size() int {
	n := 0
	for _, f := range t.fields {
		n += f.size
	}
	return n
}

// plain reports whether a value of t is a number, not an object.
func (t lppType) plain() bool { return len(t.fields) == 1 }

// limits are the smallest and the largest step that f can carry.
func (f lppField) limits() (low, high int64) {
	high = 1<<(8*f.size) - 1
	if f.signed {
		high >>= 1
		low = -high - 1
	}
	return low, high
}
