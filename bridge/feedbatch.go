package bridge

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"go.uber.org/zap"

	"gatewayd/hub"
)

var (
	_ hub.Batcher = (*feed)(nil)
	_ hub.Dropper = (*feed)(nil)
	_ hub.Backlog = (*feed)(nil)
)

// Batch renders several messages as one whose body is the array of theirs,
// where the hub's daily quota runs short. One alone is sent as it is. A batch
// that is not acknowledged is made of the same messages again: it has to have
// the same id.
func (f *feed) Batch(after, upTo uint64, most, size int) (hub.Message, []uint64, error) {
	messages, node, err := f.pending(after, most)
	if i := slices.IndexFunc(messages, func(m hub.Message) bool { return m.Seq > upTo }); i >= 0 {
		messages = messages[:i]
	}
	if err != nil || len(messages) == 0 {
		return hub.Message{}, nil, err
	}
	if n := f.composition(messages[0].Seq); n > 0 {
		messages, size = messages[:min(n, len(messages))], math.MaxInt
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
	f.compose(seqs)
	if len(seqs) == 1 {
		return node.pack(messages[0]), seqs, nil
	}
	body.WriteByte(']')
	first, last := messages[0], messages[len(seqs)-1]
	return node.pack(hub.Message{
		Seq: last.Seq, ID: first.ID + ".." + strconv.Itoa(len(seqs)),
		ContentType: first.ContentType, ContentEncoding: first.ContentEncoding,
		Properties: []hub.Property{{Key: "event", Value: "batch"}, {Key: "count", Value: strconv.Itoa(len(seqs))}},
		Body:       body.Bytes(),
	}), seqs, nil
}

// maxCompositions bounds the batches remembered: more than can be under way.
const maxCompositions = 64

// composition is how many messages went with the one that has seq in a batch
// that has not been acknowledged; 0 if there was none.
func (f *feed) composition(seq uint64) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.batches[seq]
}

// compose remembers what a batch is made of, by its first message.
func (f *feed) compose(seqs []uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.batches == nil || len(f.batches) >= maxCompositions {
		f.batches = map[uint64]int{}
	}
	f.batches[seqs[0]] = len(seqs)
}

// Drop gives up an event that the hub's daily quota has no room for.
func (f *feed) Drop(seq uint64) {
	f.shed.Add(1)
	f.log.Debug("event dropped: the hub's daily quota runs short", zap.String("outbox", f.key), zap.Uint64("seq", seq))
	f.store.Done(f.key, seq)
}
