package lns

import "time"

// ahead is how far GPS time is ahead of UTC since 2017. Leap seconds are
// to end by 2035, and none is announced.
const ahead = 18 * time.Second

// gpsEpoch is when GPS time began.
func gpsEpoch() time.Time { return time.Date(1980, 1, 6, 0, 0, 0, 0, time.UTC) }

// GPSTime is t in microseconds of GPS time.
func GPSTime(t time.Time) int64 { return (t.Sub(gpsEpoch()) + ahead).Microseconds() }

// muxTime is t in seconds since 1970, as servers tell their time.
func muxTime(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// TimeSyncReply answers m with the time. A station with PPS needs it once, to
// know which second a pulse begins; one without has no use for it.
func TimeSyncReply(m TimeSync, now time.Time) []byte {
	return encode(struct {
		Type    string  `json:"msgtype"`
		TxTime  int64   `json:"txtime"`
		GPSTime int64   `json:"gpstime"`
		MuxTime float64 `json:"MuxTime"`
	}{"timesync", m.TxTime, GPSTime(now), muxTime(now)})
}
