package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
)

const (
	// configFile names the variable that holds the path of a file with further variables.
	configFile = "CONFIG_FILE"
	// maxConfigFile is the largest configuration file that is read, in bytes.
	maxConfigFile = 1 << 20
)

// variableNamePattern is what a shell accepts as a variable's name.
var variableNamePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// WithConfigFile adds the variables of the file that CONFIG_FILE names; those of the environment win.
// Without CONFIG_FILE the environment is returned as it is. The error is a *ConfigError that lists
// every line that cannot be read.
func WithConfigFile(environ []string) ([]string, error) {
	own := env.ToMap(environ)
	path := strings.TrimSpace(own[configFile])
	if path == "" {
		return environ, nil
	}
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, &ConfigError{Faults: []error{BadVariable(configFile, "cannot be read: "+err.Error(), "point it to a readable file of NAME=value lines")}}
	}
	defer func() { _ = f.Close() }()
	lines, faults := ParseEnvFile(io.LimitReader(f, maxConfigFile))
	if len(faults) > 0 {
		for i := range faults {
			faults[i] = BadVariable(configFile, path+": "+faults[i].Error(), "")
		}
		return nil, &ConfigError{Faults: faults}
	}
	merged := environ
	for _, line := range lines {
		name, _, _ := strings.Cut(line, "=")
		if _, set := own[name]; !set {
			merged = append(slices.Clip(merged), line)
		}
	}
	return merged, nil
}

// ParseEnvFile reads the lines of an .env file: NAME=value, "export NAME=value", blank lines and
// comments, with the line ends of any system. A value may stand in single or double quotes; a blank
// and a # end one that does not. Nothing is expanded: a password may contain a dollar sign. The
// result has the form of os.Environ; each fault names its line and never repeats the value.
func ParseEnvFile(r io.Reader) (environ []string, faults []error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxConfigFile)
	seen := map[string]int{}
	for number := 1; lines.Scan(); number++ {
		text := strings.TrimSpace(strings.TrimPrefix(lines.Text(), "\ufeff"))
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		name, value, err := parseEnvLine(text)
		if err == nil && seen[name] > 0 {
			err = fmt.Errorf("%s is set in line %d already; keep one of the two", name, seen[name])
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		seen[name] = number
		environ = append(environ, name+"="+value)
	}
	if err := lines.Err(); err != nil {
		faults = append(faults, fmt.Errorf("cannot be read: %w", err))
	}
	return environ, faults
}

func parseEnvLine(text string) (name, value string, err error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "export "))
	name, value, found := strings.Cut(text, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case !found:
		return "", "", errors.New("not of the form NAME=value")
	case !variableNamePattern.MatchString(name):
		return "", "", fmt.Errorf("%q is not the name of a variable", name)
	}
	if value == "" || value[0] != '\'' && value[0] != '"' {
		if cut := strings.Index(value, " #"); cut >= 0 {
			value = strings.TrimSpace(value[:cut])
		}
		if strings.HasPrefix(value, "#") {
			value = ""
		}
		return name, value, nil
	}
	value, err = unquote(value)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return name, value, err
}

// unquote takes a value out of its quotes. In double quotes a backslash keeps a quote or a backslash;
// in single quotes nothing has a meaning. Only a comment may follow.
func unquote(text string) (string, error) {
	quote := text[0]
	var value strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			if rest := strings.TrimSpace(text[i+1:]); rest != "" && rest[0] != '#' {
				return "", errors.New("something follows the closing quote")
			}
			return value.String(), nil
		case quote == '"' && text[i] == '\\' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\'):
			i++
			fallthrough
		default:
			value.WriteByte(text[i])
		}
	}
	return "", errors.New("the closing quote is missing")
}
