package layout

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// sharedNames are the words that every service has for the same layer.
func sharedNames() []string { return []string{"app", "api"} }

// doubleNames are words that still stand for two packages. A row goes when one of the two is renamed;
// none is added.
func doubleNames() []string {
	return []string{"injection", "presence"}
}

// CheckNames returns every word that names two packages of pkg and the services, and every row of
// doubleNames that is not needed any more. The lab is left out: it plays the other side of what the
// product speaks to, and names its parts after that.
func CheckNames(imports []Import) []string {
	folders := map[string]map[string]bool{}
	for _, i := range imports {
		if i.Test || service(i.Dir) == "lab" || !within(i.Dir, "pkg") && !within(i.Dir, "services") {
			continue
		}
		name := path.Base(i.Dir)
		if folders[name] == nil {
			folders[name] = map[string]bool{}
		}
		folders[name][i.Dir] = true
	}
	var broken []string
	for _, name := range slices.Sorted(maps.Keys(folders)) {
		twice := len(folders[name]) > 1
		known := slices.Contains(doubleNames(), name)
		switch {
		case twice && !known && !slices.Contains(sharedNames(), name):
			broken = append(broken, fmt.Sprintf("the word %s names several packages (%s); rename all but one", name, strings.Join(slices.Sorted(maps.Keys(folders[name])), ", ")))
		case !twice && known:
			broken = append(broken, fmt.Sprintf("the word %s names one package now; take it out of doubleNames", name))
		}
	}
	return broken
}
