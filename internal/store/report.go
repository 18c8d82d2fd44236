package store

import (
	"fmt"
	"strings"
)

// Report is what Open, Verify and Compact have found.
type Report struct {
	Segments int    // files of the log
	Commits  uint64 // groups read
	Records  int    // key-value records
	Outbox   int    // entries that wait

	// Torn says that the last group was cut short, as a power cut leaves it:
	// a commit that nobody was told of. A last group that has rotted since
	// looks the same.
	Torn bool
	// Damaged are the segments in which something was found broken that had
	// been written in full. Open copies what can be read and keeps them aside
	// under their name with ".damaged-" and the time.
	Damaged []string
	// LostCommits is how many groups are known to be missing; more may be if
	// the last segment is damaged.
	LostCommits uint64
	// SalvagedCounters says that counters may have gone back: each must be
	// moved past whatever may have been used, and be committed with
	// Batch.Jumped, before it is used. It stays until that has happened.
	SalvagedCounters bool

	// Migrated says that the store was made from a file of format 1.
	Migrated bool
	// Ignored is a file of format 1 that lies beside a store with content of
	// its own, if there is one: it was left alone.
	Ignored string
}

// Report returns what Open has found.
func (s *Store) Report() Report { return s.report }

// String is for an operator.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d segments, %d commits, %d records, %d messages waiting", r.Segments, r.Commits, r.Records, r.Outbox)
	if r.Torn {
		b.WriteString("; the last commit was cut short, nobody was told of it")
	}
	if len(r.Damaged) > 0 {
		fmt.Fprintf(&b, "; damaged: %s", strings.Join(r.Damaged, ", "))
	}
	if r.LostCommits > 0 {
		fmt.Fprintf(&b, "; at least %d commits are lost", r.LostCommits)
	}
	if r.SalvagedCounters {
		b.WriteString("; counters must be moved on before use")
	}
	if r.Migrated {
		b.WriteString("; read from a file of format 1")
	}
	if r.Ignored != "" {
		fmt.Fprintf(&b, "; %s was ignored, this store is in use already", r.Ignored)
	}
	return b.String()
}
