package bridge

import (
	"bytes"
	"strconv"

	"go.uber.org/zap"

	"gatewayd/hub"
)

var (
	_ hub.Batcher = (*feed)(nil)
	_ hub.Dropper = (*feed)(nil)
)

// Batch renders several messages as one whose body is the array of theirs,
// where the hub's daily quota runs short. One alone is sent as it is.
func (f *feed) Batch(after uint64, most, size int) (hub.Message, []uint64, error) {
	messages, err := f.Pending(after, most)
	if err != nil || len(messages) == 0 {
		return hub.Message{}, nil, err
	}
	body := bytes.NewBuffer([]byte{'['})
	var seqs []uint64
	for _, m := range messages {
		if len(seqs) > 0 && body.Len()+len(m.Body)+2 > size {
			break
		}
		if len(seqs) > 0 {
			body.WriteByte(',')
		}
		body.Write(m.Body)
		seqs = append(seqs, m.Seq)
	}
	if len(seqs) == 1 {
		return messages[0], seqs, nil
	}
	body.WriteByte(']')
	first, last := messages[0], messages[len(seqs)-1]
	return hub.Message{
		Seq: last.Seq, ID: first.ID + ".." + strconv.Itoa(len(seqs)),
		ContentType: first.ContentType, ContentEncoding: first.ContentEncoding,
		Properties: []hub.Property{{Key: "event", Value: "batch"}, {Key: "count", Value: strconv.Itoa(len(seqs))}},
		Body:       body.Bytes(),
	}, seqs, nil
}

// Drop gives up an event that the hub's daily quota has no room for.
func (f *feed) Drop(seq uint64) {
	f.shed.Add(1)
	f.log.Debug("event dropped: the hub's daily quota runs short", zap.String("outbox", f.key), zap.Uint64("seq", seq))
	f.store.Done(f.key, seq)
}
