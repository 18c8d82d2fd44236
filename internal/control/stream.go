package control

import (
	"bufio"
	"context"
	"io"
	"net/http"
)

// maxLine bounds one line of a stream, in bytes.
const maxLine = 1 << 20

// Stream asks for path and calls line with each line of the answer, until the
// answer or ctx ends, or line returns an error, which is then returned. An
// answer that ends is no error. The other errors are those of Call.
func Stream(ctx context.Context, socket, path string, line func([]byte) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gatewayd"+path, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client(socket).Do(req)
	if err != nil {
		return dialError(socket, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		raw, err := io.ReadAll(io.LimitReader(resp.Body, maxLine))
		if err != nil {
			return err
		}
		return refusal(resp.Status, raw)
	}
	scan := bufio.NewScanner(resp.Body)
	scan.Buffer(nil, maxLine)
	for scan.Scan() {
		if err := line(scan.Bytes()); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return nil // the reader has had enough
	}
	return scan.Err()
}
