package simulator

import "encoding/binary"

// Climate is the payload of a simulated climate sensor: temperature in
// hundredths of a degree Celsius, signed, then relative humidity in
// hundredths of a percent, both 16 bit, most significant byte first. The
// values swing with the frame counter, so that a receiver can recompute them.
func Climate(fCnt uint32) []byte {
	const period = 48
	swing := int32(fCnt % period)
	if swing > period/2 {
		swing = period - swing
	}
	temperature := 1850 + 25*swing // 18.50 to 24.50 °C
	humidity := 6200 - 80*swing    // 62.00 down to 42.80 %
	b := binary.BigEndian.AppendUint16(nil, uint16(temperature))
	return binary.BigEndian.AppendUint16(b, uint16(humidity))
}
