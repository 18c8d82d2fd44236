package hubtest

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// queryForm is the part of the query language that is understood here.
var queryForm = regexp.MustCompile(`(?i)^\s*SELECT\s+\*\s+FROM\s+(devices(?:\.modules)?)(?:\s+WHERE\s+deviceId\s*=\s*['"]([^'"]*)['"])?\s*;?\s*$`)

// maxPage is how many items a page has at most, and by default.
const maxPage = 100

// query answers with twins, page by page.
func (h *Hub) query(r *http.Request) (reply, error) {
	if !h.throttle.queries.allow(1) {
		return reply{}, ErrThrottled
	}
	var b struct {
		Query string `json:"query"`
	}
	if err := readJSON(r, &b); err != nil {
		return reply{}, err
	}
	form := queryForm.FindStringSubmatch(b.Query)
	if form == nil {
		return reply{}, &apiError{400, "ArgumentInvalid", 400004, "this emulator understands SELECT * FROM devices or devices.modules, and WHERE deviceId = '...'"}
	}
	size, after, err := page(r)
	if err != nil {
		return reply{}, err
	}
	modules := strings.EqualFold(form[1], "devices.modules")
	list := slices.DeleteFunc(h.all(), func(d *device) bool {
		return (d.module != "") != modules || form[2] != "" && d.id != form[2] || after != "" && d.name <= after
	})
	answer := reply{header: map[string]string{"x-ms-item-type": "Twin"}}
	if len(list) > size {
		list = list[:size]
		answer.header["x-ms-continuation"] = base64.URLEncoding.EncodeToString([]byte(list[size-1].name))
	}
	twins := []properties{}
	for _, d := range list {
		body, _ := d.twinBody()
		twins = append(twins, body)
	}
	answer.body = twins
	return answer, nil
}

// page reads how many items are wanted, and after which.
func page(r *http.Request) (size int, after string, err error) {
	size = maxPage
	if text := r.Header.Get("x-ms-max-item-count"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, "", &apiError{400, "ArgumentInvalid", 400004, "x-ms-max-item-count: want 1 or more"}
		}
		size = min(n, maxPage)
	}
	last, err := base64.URLEncoding.DecodeString(r.Header.Get("x-ms-continuation"))
	if err != nil {
		return 0, "", &apiError{400, "ArgumentInvalid", 400004, "x-ms-continuation: want what the last page came with"}
	}
	return size, string(last), nil
}

// statistics counts devices, or those that are connected.
func (h *Hub) statistics(r *http.Request) (reply, error) {
	var total, enabled, connected int
	for _, d := range h.all() {
		d.mu.Lock()
		if d.session != nil {
			connected++
		}
		if d.module == "" {
			total++
			if !d.disabled {
				enabled++
			}
		}
		d.mu.Unlock()
	}
	switch r.PathValue("of") {
	case "devices":
		return reply{body: map[string]int{
			"totalDeviceCount": total, "enabledDeviceCount": enabled, "disabledDeviceCount": total - enabled,
		}}, nil
	case "service":
		return reply{body: map[string]int{"connectedDeviceCount": connected}}, nil
	}
	return reply{}, errNoPath
}
