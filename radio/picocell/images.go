package picocell

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// The four firmware images, by file name without extension.
const (
	ImageAGC      = "agc_fw"
	ImageARB      = "arb_fw"
	ImageCal      = "cal_fw"
	ImageCal5to12 = "cal_fw5-12"
)

// ImageSize is the size of every image in bytes.
const ImageSize = 8192

// installHint is the cure for images that are missing or wrong.
const installHint = "run gatewayd firmware install"

// Images are the programs of the SX1308's two cores, ImageSize bytes each.
type Images struct {
	AGC, ARB, Cal, Cal5to12 []byte
}

// imageExts are the extensions an image file may have, the preferred one
// first.
func imageExts() []string { return []string{".var", ".bin"} }

func imageNames() []string { return []string{ImageAGC, ImageARB, ImageCal, ImageCal5to12} }

// Pins are the accepted images: SHA-256 in lower-case hexadecimal, by image
// name.
type Pins map[string]string

// DefaultPins are Semtech's images of picoGW_hal V0.2.3.
func DefaultPins() Pins {
	return Pins{
		ImageAGC:      "08263797ad3b3ecf42de2e30987d436eb6f45cac876cede6b4051bb4f7483929",
		ImageARB:      "c93a5a6e9e666a63dd18cccc6bd82ee3df638676b74b5a8b27eca8725615e161",
		ImageCal:      "0b6a0693b2127f6c12d1663a6579631ae688b2aa820544591f030ac9c055041b",
		ImageCal5to12: "84916f036d09ffd8d4c8187d39f117377d0ce2134d5195cc9c49dcfb0f8a1b6f",
	}
}

// PinsFor pins exactly the given images (raw bytes, by image or file name;
// extensions are ignored). It is for simulators, which bring images of their
// own.
func PinsFor(images map[string][]byte) Pins {
	p := make(Pins, len(images))
	for name, b := range images {
		p[trimExt(name)] = digest(b)
	}
	return p
}

func trimExt(name string) string { return name[:len(name)-len(filepath.Ext(name))] }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// NewImages checks raw images (by image or file name; extensions are ignored)
// against pins, or DefaultPins if pins is nil.
func NewImages(files map[string][]byte, pins Pins) (Images, error) {
	raw := make(map[string][]byte, len(files))
	for name, b := range files {
		raw[trimExt(name)] = b
	}
	images, err := collect(pins, func(name string) ([]byte, string, error) {
		b, ok := raw[name]
		if !ok {
			return nil, name, errors.New("missing")
		}
		return b, name, nil
	})
	if err != nil {
		err = fmt.Errorf("%w: %s", err, installHint)
	}
	return images, err
}

// LoadImages reads the four images from dir, each as the vendor's C text or as
// 8192 raw bytes, with the extension .var or .bin, and checks them against
// pins, or DefaultPins if pins is nil. Its error names each file at fault,
// what is wrong with it and what to do.
func LoadImages(dir string, pins Pins) (Images, error) {
	images, err := collect(pins, func(name string) ([]byte, string, error) {
		text, path, err := readImage(dir, name)
		if err != nil {
			return nil, path, err
		}
		b, err := decodeImage(text)
		return b, path, err
	})
	all, ok := errors.AsType[imageErrors](err)
	switch {
	case ok && all.missing():
		err = fmt.Errorf("no firmware images in %s: %w: %s --dir %s", dir, fs.ErrNotExist, installHint, dir)
	case err != nil:
		err = fmt.Errorf("%w: %s --dir %s", err, installHint, dir)
	}
	return images, err
}

// imageErrors is what is wrong with the images, one error for each at fault.
type imageErrors []error

// Error says all of it in one line.
func (e imageErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns each of them.
func (e imageErrors) Unwrap() []error { return e }

// missing reports whether there is no image at all.
func (e imageErrors) missing() bool {
	for _, err := range e {
		if !errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return len(e) == len(imageNames())
}

// collect gets and checks all four images. get also returns what to call the
// image's source in errors.
func collect(pins Pins, get func(name string) (image []byte, source string, err error)) (Images, error) {
	if pins == nil {
		pins = DefaultPins()
	}
	found := make(map[string][]byte)
	var errs imageErrors
	for _, name := range imageNames() {
		b, source, err := get(name)
		if err == nil {
			err = checkImage(b, pins[name])
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("firmware image %s: %w", source, err))
		}
		if errors.Is(err, errDownload) {
			break // the others fare no better
		}
		found[name] = b
	}
	if len(errs) > 0 {
		return Images{}, errs
	}
	return Images{found[ImageAGC], found[ImageARB], found[ImageCal], found[ImageCal5to12]}, nil
}

// checkImage compares an image with its pin.
func checkImage(b []byte, pin string) error {
	if len(b) != ImageSize {
		return fmt.Errorf("%d bytes, want %d", len(b), ImageSize)
	}
	if got := digest(b); got != pin {
		return fmt.Errorf("SHA-256 is %s, want %s", got, pin)
	}
	return nil
}

// readImage returns the content and the path of an image file.
func readImage(dir, name string) (content []byte, path string, err error) {
	for _, ext := range imageExts() {
		path = filepath.Join(dir, name+ext)
		content, err = os.ReadFile(path)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return content, path, bare(err)
		}
	}
	return nil, filepath.Join(dir, name+".var"), bare(err)
}

// decodeImage accepts raw bytes and C text. Raw images are never taken for
// text: text of 8192 numbers is longer.
func decodeImage(content []byte) ([]byte, error) {
	if len(content) == ImageSize {
		return bytes.Clone(content), nil
	}
	return parseArray(content)
}
