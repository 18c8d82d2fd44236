package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/api.md has every request that the daemon answers, and no other.
func TestAPIDocument(t *testing.T) {
	t.Parallel()
	code, err := os.ReadFile("controlapi.go")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	request := regexp.MustCompile("[`\"]((?:GET|POST|DELETE) /v1/[^`\"?]*)[`\"?]")
	listed := func(text []byte) map[string]bool {
		all := map[string]bool{}
		for _, m := range request.FindAllSubmatch(text, -1) {
			all[strings.TrimSpace(string(m[1]))] = true
		}
		return all
	}
	there, told := listed(code), listed(doc)
	if len(there) < 15 {
		t.Fatalf("%d requests in the code: they are not found", len(there))
	}
	for r := range there {
		if !told[r] {
			t.Errorf("docs/api.md lacks %s", r)
		}
	}
	for r := range told {
		if !there[r] {
			t.Errorf("docs/api.md has %s, which nobody answers", r)
		}
	}
}
