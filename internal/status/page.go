package status

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed page
var pageFiles embed.FS

// Page is the page for people, in front of api, which it asks under /v1/.
func Page(api http.Handler) http.Handler {
	files, err := fs.Sub(pageFiles, "page")
	if err != nil { // the name is that of the directive above
		return api
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", api)
	mux.Handle("/", http.FileServerFS(files))
	return mux
}
