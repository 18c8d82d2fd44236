package measure

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"gatewayd/internal/store"
)

// rx1 is what is left of the second before RX1 for all but the USB and the
// concentrator's own schedule.
const rx1 = 887 * time.Millisecond

// Disk measures commits of one uplink each, as the daemon makes them, in a
// directory of its own within dir, which it removes.
func Disk(dir string, commits int) (_ []Figure, err error) {
	scratch, err := os.MkdirTemp(dir, ".bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	s, err := store.Open(filepath.Join(scratch, "store"), store.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var took []time.Duration
	begin := time.Now()
	for i := range commits {
		start := time.Now()
		if _, err := s.Commit(uplink(i, start)); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	all := time.Since(begin)
	written := float64(s.Stats().DeviceBytes) / float64(commits)
	worst := at(took, 0.99)
	means := "frames are on disk long before RX1 opens"
	if worst > rx1/2 {
		means = "answers may miss RX1 and wait for RX2: put state_dir on another disk (a USB SSD, a better SD card)"
	}
	return []Figure{
		{Name: "durable commit, median", Value: millis(at(took, 0.5)), Unit: "ms", Means: fmt.Sprintf("%.0f commits a second, of up to 64 frames each", float64(commits)/all.Seconds())},
		{Name: "durable commit, one in a hundred", Value: millis(worst), Unit: "ms", Means: means, Bad: worst > rx1/2},
		{Name: "written for each uplink", Value: written / 1e3, Unit: "KB", Means: fmt.Sprintf("%.2g GB a year at one a minute", written*60*24*365/1e9)},
	}, nil
}

// uplink is what an accepted uplink commits: the session, and the message.
func uplink(i int, now time.Time) store.Batch {
	return store.Batch{
		Put:    []store.Record{{Bucket: "bench", Key: "device:bench", Value: make([]byte, 180)}},
		Outbox: []store.Entry{{Node: "device:bench", Record: fmt.Appendf(make([]byte, 100), "%d", i)}},
		Now:    now,
	}
}
