package recording

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"engage.connector/pkg/fault"
)

// MaxFileName is how many characters a recording's file name may have (guide, "Limitations").
const MaxFileName = 80

// forbiddenInName are the characters that the org refuses in the name of an uploaded file
// (UploadUrlRequest.fileName), and the slash, which would make a path of it.
const forbiddenInName = "\\{}^%`][\"<>~#|/"

// CheckFileName is the one rule for the names of recordings: what the org accepts and what names
// one file of a folder. At most 80 characters, neither white space nor a forbidden character, no
// leading dot. The error has code Invalid and says which part of the rule is broken.
func CheckFileName(name string) error {
	problem := ""
	switch {
	case name == "":
		problem = "is missing"
	case !utf8.ValidString(name):
		problem = "is not valid UTF-8"
	case utf8.RuneCountInString(name) > MaxFileName:
		problem = fmt.Sprintf("has %d characters, at most %d are allowed", utf8.RuneCountInString(name), MaxFileName)
	case strings.HasPrefix(name, "."):
		problem = fmt.Sprintf("%q begins with a dot", name)
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		problem = fmt.Sprintf("%q contains white space or a control character", name)
	case strings.ContainsAny(name, forbiddenInName):
		problem = fmt.Sprintf("%q contains one of %s", name, forbiddenInName)
	}
	if problem == "" {
		return nil
	}
	return fault.New(fault.Invalid, "recording.name", "the file name "+problem)
}

const archiveExtension = ".zip"

// ArchiveName is the name under which a recording's archive is uploaded: ".zip" in the place of the
// file's extension. It keeps within the limit when there was none.
func ArchiveName(fileName string) string {
	base := []rune(strings.TrimSuffix(fileName, path.Ext(fileName)))
	return string(base[:min(len(base), MaxFileName-len(archiveExtension))]) + archiveExtension
}
