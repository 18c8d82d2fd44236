package simulator

import (
	"context"
	"fmt"

	"gatewayd/internal/simulator/lorawan"
)

// listen hands every emission of a site to the nodes it is for.
func (w *World) listen(ctx context.Context, site int) {
	emissions := w.sites[site].Air.Emissions()
	for {
		select {
		case em, ok := <-emissions:
			if !ok {
				return
			}
			w.dispatch(heard{em, site})
		case <-ctx.Done():
			return
		}
	}
}

// dispatch finds whom em is for: a join accept by its MIC, data by DevAddr
// and, where nodes share one, by MIC.
func (w *World) dispatch(em heard) {
	t, err := lorawan.ParseMHDR(em.Payload)
	switch {
	case err != nil:
		w.violate(em, RuleMalformed, err.Error())
	case t == lorawan.JoinAccept:
		w.dispatchJoinAccept(em)
	case t == lorawan.UnconfirmedDown || t == lorawan.ConfirmedDown:
		w.dispatchData(em)
	default:
		w.violate(em, RuleMalformed, fmt.Sprintf("message type %d is no downlink", t))
	}
}

// inReach are the nodes that em reaches.
func (w *World) inReach(em heard) []*Node {
	var out []*Node
	for _, n := range w.nodes {
		if n.sites[em.site].Air != nil {
			out = append(out, n)
		}
	}
	return out
}

func (w *World) dispatchJoinAccept(em heard) {
	for _, n := range w.inReach(em) {
		if n.acceptsJoin(em) {
			n.receiveJoinAccept(em)
			return
		}
	}
	w.violate(em, RuleMIC, "join accept that no node's key verifies")
}

func (w *World) dispatchData(em heard) {
	f, _, err := lorawan.ParseData(em.Payload)
	if err != nil {
		w.violate(em, RuleMalformed, err.Error())
		return
	}
	var namesakes []*Node
	members := 0
	for _, n := range w.inReach(em) {
		switch n.stand(f, em.Payload) {
		case addressee:
			n.receiveData(em, f)
			return
		case namesake:
			namesakes = append(namesakes, n)
		case stranger:
		}
		if g := n.member(f, em.Payload); g != nil {
			members++
			n.receiveMulticast(em, f, g)
		}
	}
	if members > 0 {
		return
	}
	if len(namesakes) == 0 {
		w.violate(em, RuleAddress, fmt.Sprintf("no node on the air has DevAddr %s", f.DevAddr))
	}
	for _, n := range namesakes {
		n.violate(em, fault{RuleMIC, fmt.Sprintf("DevAddr %s, FCnt %d: the MIC is not of this session", f.DevAddr, f.FCnt)})
	}
}

func (w *World) violate(em heard, rule Rule, detail string) {
	w.rec.violate("", em.Count, fault{rule, detail})
}
