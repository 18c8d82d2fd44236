package main

import (
	"encoding/json"

	"gatewayd/hub"
	"gatewayd/internal/store"
)

// quotaBucket is where the day's counts of each hub are kept.
const quotaBucket = "quota"

// quotas keeps hub.QuotaCounts in the store.
type quotas struct{ store *store.Store }

// Load is hub.QuotaStore's.
func (q quotas) Load(host string) (c hub.QuotaCount, err error) {
	if raw, ok := q.store.Get(quotaBucket, host); ok {
		err = json.Unmarshal(raw, &c)
	}
	return c, err
}

// Save is hub.QuotaStore's.
func (q quotas) Save(host string, c hub.QuotaCount) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = q.store.Commit(store.Batch{Put: []store.Record{{Bucket: quotaBucket, Key: host, Value: raw}}})
	return err
}
