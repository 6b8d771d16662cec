package recordings

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"engage.connector/pkg/fault"
)

// maxUploadName is how many characters a recording's file name may have.
const maxUploadName = 80

// forbiddenInName are the characters that a file name must not contain (UploadUrlRequest.fileName).
const forbiddenInName = "\\{}^%`][\"<>~#|"

// ValidateUploadName checks the name of a file to upload: at most 80 characters, no white space,
// none of the forbidden characters, no leading dot, no trailing slash. Its error is fault.Invalid.
func ValidateUploadName(name string) error {
	problem := ""
	switch {
	case name == "":
		problem = "is empty"
	case !utf8.ValidString(name):
		problem = "is not valid UTF-8"
	case utf8.RuneCountInString(name) > maxUploadName:
		problem = "is longer than 80 characters"
	case strings.HasPrefix(name, "."):
		problem = "begins with a dot"
	case strings.HasSuffix(name, "/"):
		problem = "ends with a slash"
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		problem = "contains white space or a control character"
	case strings.ContainsAny(name, forbiddenInName):
		problem = "contains one of " + forbiddenInName
	}
	if problem == "" {
		return nil
	}
	return fault.Newf(fault.Invalid, "genesys.upload", "upload file name %q %s", name, problem)
}
