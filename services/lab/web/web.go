// Package web serves the page that shows the EX org as it fills.
package web

import (
	"embed"
	"net/http"
)

//go:embed index.html page.css page.js panels.js icon.svg
var files embed.FS

// pathsTable names the file behind each path of the page.
func pathsTable() map[string]string {
	return map[string]string{
		"GET /{$}": "index.html", "GET /page.css": "page.css", "GET /page.js": "page.js", "GET /panels.js": "panels.js",
		"GET /icon.svg": "icon.svg",
	}
}

// Register adds the page to the mux: GET / and the files that it loads.
func Register(mux *http.ServeMux) {
	for pattern, file := range pathsTable() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.ServeFileFS(w, r, files, file)
		})
	}
}
