// Package history keeps figures of the last days for charts: bounded in memory,
// and on disk in two files of lines, the older of which is replaced when the
// newer is full. It is written every few minutes and is not synced: what a power
// cut takes is missing in a chart, no more. A line that is not whole is passed
// over.
package history
