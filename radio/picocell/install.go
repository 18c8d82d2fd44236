package picocell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// FirmwareURL is where Install downloads from: Semtech's own public
// repository, at the release whose images DefaultPins names. Whatever comes
// from there counts only if its checksum is right.
const FirmwareURL = "https://raw.githubusercontent.com/Lora-net/picoGW_hal/V0.2.3/libloragw/src/"

const (
	maxImageFile    = 1 << 20
	downloadTimeout = 30 * time.Second
)

// InstallOptions say where the images come from and go to.
type InstallOptions struct {
	Dir      string       // where to put them; made if it does not exist
	Checkout string       // folder of picoGW_hal, or its libloragw/src; empty: download
	URL      string       // folder to download from; empty: FirmwareURL
	Client   *http.Client // nil: http.DefaultClient
	Pins     Pins         // nil: DefaultPins
}

// Install gets the four images, checks them, and writes them to Dir as the
// vendor's own text files, which carry his licence. Unless all four are right
// nothing is written; each file appears whole or not at all.
func Install(ctx context.Context, o InstallOptions) error {
	files := make(map[string][]byte)
	_, err := collect(o.Pins, func(name string) ([]byte, string, error) {
		content, source, err := o.fetch(ctx, name)
		if err != nil {
			return nil, source, err
		}
		files[filepath.Base(source)] = content
		b, err := decodeImage(content)
		return b, source, err
	})
	switch {
	case err != nil && o.Checkout != "":
		return fmt.Errorf("%w: is %s a checkout of picoGW_hal?", err, o.Checkout)
	case err != nil:
		return err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return err
	}
	for name, content := range files {
		if err := writeFile(filepath.Join(o.Dir, name), content); err != nil {
			return err
		}
		removeOther(o.Dir, name)
	}
	return syncDir(o.Dir)
}

// errDownload is returned when the server cannot be reached.
var errDownload = errors.New("cannot be downloaded; without Internet use --from with a checkout of picoGW_hal")

// fetch returns the content of one image file and its path or URL.
func (o InstallOptions) fetch(ctx context.Context, name string) (content []byte, source string, err error) {
	if o.Checkout == "" {
		return o.download(ctx, name)
	}
	for _, dir := range []string{filepath.Join(o.Checkout, "libloragw", "src"), o.Checkout} {
		content, source, err = readImage(dir, name)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return content, source, err
}

func (o InstallOptions) download(ctx context.Context, name string) (content []byte, source string, err error) {
	base, client := o.URL, o.Client
	if base == "" {
		base = FirmwareURL
	}
	if client == nil {
		client = http.DefaultClient
	}
	if base[len(base)-1] != '/' {
		base += "/"
	}
	source = base + name + ".var"
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, source, err
	}
	resp, err := client.Do(req)
	if err != nil {
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err // the URL stands before it anyway
		}
		return nil, source, fmt.Errorf("%w: %w", errDownload, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, source, fmt.Errorf("the server says %s", resp.Status)
	}
	content, err = io.ReadAll(io.LimitReader(resp.Body, maxImageFile+1))
	if err == nil && len(content) > maxImageFile {
		err = fmt.Errorf("more than %d bytes", maxImageFile)
	}
	return content, source, err
}

// removeOther removes the same image under the other extension, which
// LoadImages might prefer.
func removeOther(dir, name string) {
	for _, ext := range imageExts() {
		if ext != filepath.Ext(name) {
			_ = os.Remove(filepath.Join(dir, trimExt(name)+ext))
		}
	}
}

// writeFile makes content durable under path, or leaves path as it was.
func writeFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
