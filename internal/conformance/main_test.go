package conformance_test

import (
	"flag"
	"testing"
)

// TestMain has more scenarios under way than the machine has processors: they
// wait for receive windows most of the time.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f != nil {
		if err := f.Value.Set("16"); err != nil {
			panic(err)
		}
	}
	m.Run()
}
