package simulator

import (
	"context"
	"fmt"

	"gatewayd/radio/radiotest"
)

// listen hands every emission to the nodes it is for.
func (w *World) listen(ctx context.Context) {
	emissions := w.air.Emissions()
	for {
		select {
		case em, ok := <-emissions:
			if !ok {
				return
			}
			w.dispatch(em)
		case <-ctx.Done():
			return
		}
	}
}

// dispatch finds whom em is for: a join accept by its MIC, data by DevAddr
// and, where nodes share one, by MIC.
func (w *World) dispatch(em radiotest.Emission) {
	t, err := parseMHDR(em.Payload)
	switch {
	case err != nil:
		w.violate(em, RuleMalformed, err.Error())
	case t == joinAccept:
		w.dispatchJoinAccept(em)
	case t == unconfirmedDown || t == confirmedDown:
		w.dispatchData(em)
	default:
		w.violate(em, RuleMalformed, fmt.Sprintf("message type %d is no downlink", t))
	}
}

func (w *World) dispatchJoinAccept(em radiotest.Emission) {
	for _, n := range w.nodes {
		if n.acceptsJoin(em) {
			n.receiveJoinAccept(em)
			return
		}
	}
	w.violate(em, RuleMIC, "join accept that no node's AppKey verifies")
}

func (w *World) dispatchData(em radiotest.Emission) {
	f, _, err := parseData(em.Payload)
	if err != nil {
		w.violate(em, RuleMalformed, err.Error())
		return
	}
	var namesakes []*Node
	for _, n := range w.nodes {
		switch n.stand(f, em.Payload) {
		case addressee:
			n.receiveData(em, f)
			return
		case namesake:
			namesakes = append(namesakes, n)
		case stranger:
		}
	}
	if len(namesakes) == 0 {
		w.violate(em, RuleAddress, fmt.Sprintf("no node on the air has DevAddr %s", f.devAddr))
	}
	for _, n := range namesakes {
		n.violate(em, fault{RuleMIC, fmt.Sprintf("DevAddr %s, FCnt %d: the MIC is not of this session", f.devAddr, f.fCnt)})
	}
}

func (w *World) violate(em radiotest.Emission, rule Rule, detail string) {
	w.rec.violate("", em.Count, fault{rule, detail})
}
