package main

import (
	"encoding/json"

	"gatewayd/hub"
	"gatewayd/internal/store"
)

// Buckets of what the hub's side keeps in the store.
const (
	quotaBucket      = "quota" // the day's counts, by hub
	assignmentBucket = "dps"   // where devices were put, by registration id
)

// kept is a bucket of the store with a value of one kind under each key. It is
// a hub.QuotaStore and a hub.AssignmentCache.
type kept[T any] struct {
	store  *store.Store
	bucket string
}

var (
	_ hub.QuotaStore      = kept[hub.QuotaCount]{}
	_ hub.AssignmentCache = kept[hub.Assignment]{}
)

// Load returns what was saved under key, or a zero value.
func (k kept[T]) Load(key string) (v T, err error) {
	if raw, ok := k.store.Get(k.bucket, key); ok {
		err = json.Unmarshal(raw, &v)
	}
	return v, err
}

// Save makes v durable.
func (k kept[T]) Save(key string, v T) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = k.store.Commit(store.Batch{Put: []store.Record{{Bucket: k.bucket, Key: key, Value: raw}}})
	return err
}
