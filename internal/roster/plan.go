package roster

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gatewayd/internal/config"
)

// Status is what becomes of an entry.
type Status string

// What it may be.
const (
	Added    Status = "added"
	Same     Status = "same"     // it is there already
	Conflict Status = "conflict" // something else is there in its place
	Invalid  Status = "invalid"
	Skipped  Status = "skipped" // no node
	Pending  Status = "pending" // the import had to stop before it
)

// Outcome is an entry and what becomes of it.
type Outcome struct {
	Entry
	Status Status
	Reason string
}

// String is one line of the report. It holds no secret.
func (o Outcome) String() string {
	s := fmt.Sprintf("line %d: %s: %s", o.Line, o.Node.Name(), o.Status)
	if o.Reason != "" {
		s += ": " + o.Reason
	}
	if len(o.Notes) > 0 {
		s += " (" + strings.Join(o.Notes, "; ") + ")"
	}
	return s
}

// Options are how a list is taken over.
type Options struct {
	// Defaults are values for nodes that say nothing of a key.
	Defaults Node
	// Provisioned says that a node without a device id is left to the
	// provisioning service.
	Provisioned bool
	// Profiles are the names of the profiles that there are.
	Profiles map[string]bool
}

// Plan compares the entries of a list with the nodes that there are, and with
// each other.
func Plan(entries []Entry, have []Placed, o Options) []Outcome {
	taken := map[string]owner{}
	for _, p := range have {
		p.enter(taken)
	}
	names := map[string]bool{}
	outcomes := make([]Outcome, len(entries))
	for i, e := range entries {
		outcomes[i] = Outcome{Entry: e}
		out := &outcomes[i]
		switch {
		case e.Skip != "":
			out.Status, out.Reason = Skipped, e.Skip
			continue
		case e.Err != nil:
			out.Status, out.Reason = Invalid, strings.ReplaceAll(e.Err.Error(), "\n", "; ")
			continue
		}
		if len(out.Node.identities()) == 0 {
			out.Status, out.Reason = Invalid, "has no DevEUI, no device id, and no DevAddr with its key"
			continue
		}
		o.complete(out.Node)
		oneName(out.Node, names)
		out.Status, out.Reason = compare(out.Node, taken)
		if out.Status == Added {
			o.profile(out)
			owner{out.Node, fmt.Sprintf("line %d", e.Line)}.enter(taken)
		}
	}
	return outcomes
}

// owner is a node and where it stands, in words.
type owner struct {
	node Node
	at   string
}

func (o owner) enter(taken map[string]owner) {
	for _, id := range o.node.identities() {
		taken[id] = o
	}
}

func (p Placed) enter(taken map[string]owner) {
	owner{p.Node, fmt.Sprintf("%s:%d", p.File, p.Line)}.enter(taken)
}

// compare says whether a node is new, and with whom it collides otherwise.
func compare(n Node, taken map[string]owner) (Status, string) {
	for _, id := range n.identities() {
		other, exists := taken[id]
		if !exists {
			continue
		}
		differences := Differences(other.node, n)
		if len(differences) == 0 {
			return Same, "as at " + other.at
		}
		what, _, _ := strings.Cut(id, " ")
		return Conflict, fmt.Sprintf("%s is that of the node at %s, which differs in %s", what, other.at, strings.Join(differences, ", "))
	}
	return Added, ""
}

// complete gives a node the defaults, and a device id if it needs one: the
// DevEUI, as the starter kit has it.
func (o Options) complete(n Node) {
	for key, v := range o.Defaults {
		if _, has := n[key]; !has {
			n[key] = v
		}
	}
	provisioned := o.Provisioned && n.text("provisioning") != "none" || n.text("provisioning") == "dps"
	if n.DeviceID() == "" && !provisioned && n.text("dev_eui") != "" {
		n["device_id"] = n.text("dev_eui")
	}
}

// profile gives a new node the profile of its kind, if there is one.
func (o Options) profile(out *Outcome) {
	known := slices.IndexFunc(out.Kinds, func(kind string) bool { return o.Profiles[kind] })
	if known < 0 || out.Node.text("profile") != "" {
		return
	}
	out.Node["profile"] = out.Kinds[known]
	out.note("with the profile %q", out.Kinds[known])
}

// oneName tells nodes of one name apart: others than gatewayd let many have the
// same. One that says no more than the device id is left out.
func oneName(n Node, names map[string]bool) {
	name := n.text("name")
	switch {
	case name == "":
	case name == n.text("device_id"):
		delete(n, "name")
	case names[name]:
		n["name"] = name + " " + n.text("dev_eui") + n.text("dev_addr")
	default:
		names[name] = true
	}
}

// Nodes are those to be added.
func Nodes(outcomes []Outcome) []Node {
	var list []Node
	for _, o := range outcomes {
		if o.Status == Added {
			list = append(list, o.Node)
		}
	}
	return list
}

// placeholderKey is a device_key that is of the right form.
const placeholderKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// Check tries the configuration with the nodes to be added in its nodes_file,
// and makes those invalid that it does not accept. With keyLater a node without
// a credential is going to get a device_key. The error is one that none of the
// nodes has made.
func Check(outcomes []Outcome, files config.NodesFiles, getenv func(string) string, keyLater func(Node) bool) error {
	for {
		var nodes []Node
		var which []int
		for i, o := range outcomes {
			if o.Status != Added {
				continue
			}
			n := o.Node
			if keyLater(n) {
				n = maps.Clone(n)
				n["device_key"] = placeholderKey
			}
			nodes, which = append(nodes, n), append(which, i)
		}
		text, lines := Append(files.Text, nodes)
		_, err := files.Try(getenv, text)
		if err == nil {
			return nil
		}
		var errs config.Errors
		if !errors.As(err, &errs) || !blame(outcomes, which, lines, files.Name, errs) {
			return err
		}
	}
}

// blame makes those outcomes invalid whose tables the errors are about.
func blame(outcomes []Outcome, which, lines []int, file string, errs config.Errors) (found bool) {
	for _, e := range errs {
		if e.Position.File != file || len(lines) == 0 || e.Position.Line < lines[0] {
			continue
		}
		i, exact := slices.BinarySearch(lines, e.Position.Line)
		if !exact {
			i--
		}
		o := &outcomes[which[i]]
		reason := strings.TrimPrefix(strings.TrimPrefix(e.Key, "node"), ".") + ": " + e.Problem
		if o.Status == Invalid {
			reason = o.Reason + "; " + reason
		}
		o.Status, o.Reason, found = Invalid, strings.TrimPrefix(reason, ": "), true
	}
	return found
}
