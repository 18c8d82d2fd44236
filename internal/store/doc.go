// Package store keeps what must survive a power cut in one bbolt file: node
// sessions, used DevNonces and the outbox of accepted uplinks, changed
// together in one transaction. Records are opaque bytes here; the bridge
// knows what they mean.
//
// Caveats. A Commit that returned nil is on disk. What Done forgets is
// deleted by a later Commit or Flush; after a crash in between, the entry is
// there again and will be sent again. The file is locked: a second process
// cannot open it.
package store
