//go:build browser

package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"
)

// checked is what the browser found, one line of its script's output.
type checked struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// leastChecks is less than the script has: one that ends early has not passed.
const leastChecks = 30

func TestPage(t *testing.T) {
	s := newStage(t)
	closed := s.daemon(t, t.TempDir(), token, []member{closedMember()})
	if err := os.MkdirAll("testdata/shots", 0o755); err != nil {
		t.Fatal(err)
	}
	task, err := json.Marshal(map[string]string{
		"page": "http://" + s.page, "closed": "http://" + closed, "token": token, "shots": "testdata/shots",
		"hostileName": hostileName, "hostileText": hostileText,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "testdata/node/page.js", string(task))
	cmd.WaitDelay = time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	checks := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var c checked
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Errorf("%v: %s", err, lines.Bytes())
			continue
		}
		checks++
		t.Run(c.Check, func(t *testing.T) {
			if !c.OK {
				t.Error(c.Detail)
			}
		})
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the browser's script: %v", err)
	}
	if checks < leastChecks {
		t.Errorf("%d checks, want %d and more", checks, leastChecks)
	}
}
