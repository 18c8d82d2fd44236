// Package store keeps what must survive a power cut: key-value records (node
// sessions, queues, settings), used DevNonces and the outbox of accepted
// uplinks, changed together in one commit. Records are opaque bytes here; the
// bridge knows what they mean.
//
// It is an append-only log in segments of fixed size. A commit is one group of
// records with a number and a CRC-32C, written into space that the file system
// has already given out, so that fdatasync has data to write and hardly any
// metadata. Key-value records and the outbox's index are in memory; the
// outbox's payloads stay on disk. Space is won back oldest segment first: what
// still counts is copied in small portions that ride along with commits.
//
// Caveats. A Commit that returned nil is on disk, unless it was deferred, see
// [Options.Spool]. A Commit that returned an error has not happened; only if
// the process ends before the log could be continued in another segment may a
// restart find it done all the same. What Done forgets leaves the log with a
// later commit; after a crash in between, the entry is there again and will be
// sent again. The directory is locked: a second process cannot open it.
package store
