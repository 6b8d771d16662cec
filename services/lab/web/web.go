// Package web serves the page that shows the EX org as it fills.
package web

import (
	"embed"
	"net/http"
)

//go:embed index.html page.css page.js
var files embed.FS

// Register adds the page to the mux: GET / and its two files.
func Register(mux *http.ServeMux) {
	for path, file := range map[string]string{"GET /{$}": "index.html", "GET /page.css": "page.css", "GET /page.js": "page.js"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			http.ServeFileFS(w, r, files, file)
		})
	}
}
