package host

import "runtime/debug"

// version is set by the linker in release builds:
//
//	go build -ldflags "-X engage.connector/pkg/host.version=1.2.3"
var version string

// shortRevision is how much of a commit's name is shown.
const shortRevision = 12

// Version is what the linker said, else the commit the binary was built from, else "dev".
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	return versionOf(info)
}

// versionOf reads the commit out of the build information.
func versionOf(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	revision := settings["vcs.revision"]
	if revision == "" {
		return "dev"
	}
	v := "dev-" + revision[:min(shortRevision, len(revision))]
	if settings["vcs.modified"] == "true" {
		v += "-modified"
	}
	return v
}
