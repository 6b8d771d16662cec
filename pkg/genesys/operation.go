package genesys

import (
	"fmt"
	"net/url"
	"strings"
)

// Operation is one operation of the API. The packages of the API's areas declare them; its method
// and path, without ids, name it in metrics, logs and errors.
type Operation struct {
	Method     string
	Path       string // braces name the parameters, filled in order
	Creates    bool   // a second request would make a second object: it is never repeated while the outcome is unknown
	Permission string // of the OAuth client's role; "" when none is named
	Source     string // where the API definition or the vendor's documents say so
}

// Ref is an object named by its id, and on reading also by its name.
type Ref struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Name is the operation in metrics, logs and errors: no ids, so the set is closed.
func (o Operation) Name() string { return o.Method + " " + o.Path }

// Op is the operation as the place of an error.
func (o Operation) Op() string { return "genesys: " + o.Name() }

// fill puts the arguments into the path's parameters, escaped. An empty argument would address
// another resource and is refused.
func (o Operation) fill(args ...string) (string, error) {
	path, rest := strings.Builder{}, o.Path
	for _, arg := range args {
		open, end := strings.IndexByte(rest, '{'), strings.IndexByte(rest, '}')
		if open < 0 || end < open {
			return "", fmt.Errorf("%s takes fewer arguments", o.Name())
		}
		if arg == "" || arg == "." || arg == ".." {
			return "", fmt.Errorf("%s: %s is %q", o.Name(), rest[open+1:end], arg)
		}
		path.WriteString(rest[:open])
		path.WriteString(url.PathEscape(arg))
		rest = rest[end+1:]
	}
	if strings.IndexByte(rest, '{') >= 0 {
		return "", fmt.Errorf("%s takes more arguments", o.Name())
	}
	return path.String() + rest, nil
}
