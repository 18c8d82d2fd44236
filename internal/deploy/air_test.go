//go:build deploy

package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"os/signal"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"gatewayd/internal/notify"
	"gatewayd/internal/secret"
	"gatewayd/internal/simulator"
	"gatewayd/radio"
	"gatewayd/radio/radiotest"
)

const (
	portLink  = "/run/site/port"     // where the concentrator is plugged in
	airSocket = "/run/site/air.sock" // tells what was on the air

	abpNode, otaaNode = "greenhouse", "barn"
	nwkSKey, appSKey  = "11fafafafafafafafafafafafafafafa", "12fafafafafafafafafafafafafafafa"
	appKey            = "13fafafafafafafafafafafafafafafa"
	devAddr           = 0x26011BDA
)

// frame is one application frame that was on the air.
type frame struct {
	Node  string
	FCnt  uint32
	Heard bool // by the concentrator
	Acked bool // by the daemon, so that it may not be lost
}

// air plays the nodes and the concentrator inside the container, until
// SIGTERM.
func air() error {
	port, err := radiotest.NewPicoCell(radiotest.PicoCellOptions{})
	if err != nil {
		return err
	}
	defer port.Close()
	// The directory is its maker's own; the port is for others.
	if err := errors.Join(os.Chmod(filepath.Dir(port.Path()), 0o755), os.Symlink(port.Path(), portLink)); err != nil {
		return err
	}
	world, err := simulator.New(port, nodes(), simulator.Options{})
	if err != nil {
		return err
	}
	l, err := net.Listen("unix", airSocket)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: told(world), ReadHeaderTimeout: time.Second}
	var parts errgroup.Group
	parts.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	parts.Go(func() error { return world.Run(ctx) })
	parts.Go(func() error { return udev(ctx, port.Path()) })
	n, err := notify.New(os.Getenv)
	if err == nil {
		err = n.Ready()
	}
	<-ctx.Done()
	return errors.Join(err, server.Close(), parts.Wait())
}

// nodes is a node with fixed keys that wants to be acknowledged, and one that
// joins.
func nodes() []simulator.Config {
	key := func(hex string) secret.AES128 {
		k, _ := secret.ParseAES128(hex) // the zero key is refused further on
		return k
	}
	return []simulator.Config{
		{
			Name: abpNode, DevAddr: devAddr, NwkSKey: key(nwkSKey), AppSKey: key(appSKey), DataRate: 5, Interval: 2 * time.Second, Confirmed: true,
			Region: simulator.EU868(867_100_000, 867_300_000, 867_500_000, 867_700_000, 867_900_000),
		},
		{Name: otaaNode, DevEUI: devEUI(), AppKey: key(appKey), DataRate: 5, Interval: 2 * time.Second, JoinBackoff: time.Second, Region: simulator.EU868()},
	}
}

func devEUI() radio.EUI64 { return radio.EUI64{0x70, 0xB3, 0xD5, 0x7E, 0xD0, 0, 0, 1} }

// udev gives the terminal behind path the group and the mode that udev gives
// a real port, again after each reset of the device, until ctx ends.
func udev(ctx context.Context, path string) error {
	dialout, err := user.LookupGroup("dialout")
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(dialout.Gid)
	if err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for last := ""; ; {
		// There is none while the device restarts.
		if terminal, err := filepath.EvalSymlinks(path); err == nil && terminal != last {
			if err := errors.Join(os.Chown(terminal, 0, gid), os.Chmod(terminal, 0o660)); err == nil {
				last = terminal
			}
		} else if err != nil {
			last = ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// told answers every request with what was on the air.
func told(world *simulator.World) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		frames := []frame{}
		for _, s := range world.Sent() {
			frames = append(frames, frame{Node: s.Node, FCnt: s.FCnt, Heard: s.Heard > 0, Acked: s.Acked})
		}
		_ = json.NewEncoder(w).Encode(frames) // who asks notices
	})
}
