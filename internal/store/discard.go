package store

import (
	"errors"
	"slices"
	"strings"
	"time"
)

const (
	// asideMark stands between a damaged segment's name and the time it was
	// kept aside.
	asideMark = ".damaged-"
	// maxAside is how many damaged segments are kept.
	maxAside = 8
)

func asideName(name string, now time.Time) string {
	return name + asideMark + now.UTC().Format("20060102T150405Z")
}

// discard keeps a file that is no longer part of the log as a spare one,
// removes it, or keeps it aside.
func (l *segments) discard(g *segment) error {
	switch {
	case g.damaged:
		return l.setAside(g.name)
	case len(l.spares) < maxSpares && int64(g.size) == l.size && !g.failed:
		l.spares = append(l.spares, g.name)
		return nil
	}
	return l.fs.Remove(g.name)
}

// setAside renames a damaged segment, and removes the oldest of those kept
// where they have become too many.
func (l *segments) setAside(name string) error {
	if err := l.fs.Rename(name, asideName(name, l.now())); err != nil {
		return err
	}
	kept, err := l.aside()
	for ; len(kept) > maxAside; kept = kept[1:] {
		err = errors.Join(err, l.fs.Remove(kept[0]))
	}
	return errors.Join(err, l.fs.Sync())
}

// aside lists the damaged segments kept, the oldest first.
func (l *segments) aside() ([]string, error) {
	names, err := l.fs.Names()
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.Contains(n, asideMark) })
	slices.Sort(names)
	return names, err
}
