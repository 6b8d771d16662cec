package host

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// LogConfig holds the guide's settings for where logs go, beside LOG_LEVEL (guide, chapter
// Logging). Console and file have levels of their own, which default to LOG_LEVEL.
//
// The guide has two ways to ask for a file: LOG_PATH, a directory, with LOG_FILE_NAME (also spelled
// LOG_FILENAME), a name with time and tenant in it; or LOG_FILE_ENABLE with LOG_FILE_PATH, a file.
// Both rotate alike.
type LogConfig struct {
	ConsoleEnable bool     `env:"LOG_CONSOLE_ENABLE" envDefault:"true" help:"true to log to standard output"`
	ConsoleLevel  string   `env:"LOG_CONSOLE_LEVEL" help:"the level of standard output"`
	FileEnable    bool     `env:"LOG_FILE_ENABLE" envDefault:"false" help:"true to log to LOG_FILE_PATH"`
	FileLevel     string   `env:"LOG_FILE_LEVEL" help:"the level of the file"`
	FilePath      string   `env:"LOG_FILE_PATH" envDefault:"/rup/logs/ccerp.log" help:"the file to log to"`
	FileSize      ByteSize `env:"LOG_FILE_SIZE" envDefault:"50M" help:"the size at which the file rotates, such as 50M"`
	MaxBackups    int      `env:"LOG_FILE_MAX_BACKUP_INDEX" help:"how many rotated files to keep"`
	JSONEnable    bool     `env:"LOG_JSON_ENABLE" envDefault:"true" help:"false for plain text"`
	Dir           string   `env:"LOG_PATH" help:"the directory to log to"`
	FileName      string   `env:"LOG_FILE_NAME" help:"the file's name, such as excs-{TENANT_ID}.%Y%m%d_%H%M%S_%L.log"`
	FileNameAlias string   `env:"LOG_FILENAME" help:"the same as LOG_FILE_NAME"`
}

const (
	// defaultBackups bounds the rotated files where the guide sets no number: 1 GB at 50M a file.
	defaultBackups = 20
	minFileSize    = 4 << 10
)

// Validate checks the levels, the size and the file's name.
func (c *LogConfig) Validate() []error {
	var faults faultList
	for _, row := range []struct{ variable, level string }{
		{"LOG_CONSOLE_LEVEL", c.ConsoleLevel}, {"LOG_FILE_LEVEL", c.FileLevel},
	} {
		if _, err := ParseLevel(row.level); row.level != "" && err != nil {
			faults.add(BadVariable(row.variable, err.Error(), levelFix))
		}
	}
	if c.FileSize < minFileSize {
		faults.add(BadVariable("LOG_FILE_SIZE", "less than 4K", "choose a size such as 50M"))
	}
	if c.MaxBackups < 0 {
		faults.add(BadVariable("LOG_FILE_MAX_BACKUP_INDEX", strconv.Itoa(c.MaxBackups)+" is negative", "write how many files to keep, or remove it"))
	}
	switch name := c.fileName(); {
	case c.FileName != "" && c.FileNameAlias != "" && c.FileName != c.FileNameAlias:
		faults.add(BadVariable("LOG_FILE_NAME", "differs from LOG_FILENAME, which means the same", "keep one of the two"))
	case c.Dir != "" && name == "":
		faults.add(BadVariable("LOG_FILE_NAME", "required with LOG_PATH, but not set", "set it to a file name, such as excs-{TENANT_ID}.log"))
	case strings.ContainsAny(name, `/\`):
		faults.add(BadVariable("LOG_FILE_NAME", strconv.Quote(name)+" is not a plain file name", "put the directory into LOG_PATH"))
	}
	return faults.faults
}

// fileName is the name under either of its two spellings.
func (c *LogConfig) fileName() string {
	if c.FileName != "" {
		return c.FileName
	}
	return c.FileNameAlias
}

// path is the file to log to; "" when logging to a file is off.
func (c *LogConfig) path(tenant, hostname string, now time.Time) string {
	switch {
	case c.Dir != "":
		return filepath.Join(c.Dir, expandFileName(c.fileName(), tenant, hostname, now))
	case c.FileEnable:
		return c.FilePath
	default:
		return ""
	}
}

// expandFileName fills the guide's placeholders: %Y %m %d %H %M %S and %L (milliseconds) with the
// time at which the log begins, {TENANT_ID} or <TENANT_ID>, and {HOSTNAME} or <HOSTNAME>.
func expandFileName(name, tenant, hostname string, now time.Time) string {
	return strings.NewReplacer(
		"%Y", now.Format("2006"), "%m", now.Format("01"), "%d", now.Format("02"),
		"%H", now.Format("15"), "%M", now.Format("04"), "%S", now.Format("05"),
		"%L", fmt.Sprintf("%03d", now.Nanosecond()/int(time.Millisecond)), "%%", "%",
		"{TENANT_ID}", tenant, "<TENANT_ID>", tenant, "{HOSTNAME}", hostname, "<HOSTNAME>", hostname,
	).Replace(name)
}

// Logger opens the logs that the configuration asks for: standard output, a rotating file, both or
// none. The closer closes the file; register it with OnStop first, so that it runs last.
func (c *Common) Logger(stdout io.Writer, service string) (*slog.Logger, io.Closer, error) {
	var handlers []slog.Handler
	if c.Log.ConsoleEnable {
		handler, err := c.Log.handler(stdout, firstNonEmpty(c.Log.ConsoleLevel, c.LogLevel))
		if err != nil {
			return nil, nil, err
		}
		handlers = append(handlers, handler)
	}
	hostname, _ := os.Hostname()
	path := c.Log.path(c.TenantID, hostname, time.Now())
	if path == "" {
		return newLogger(slog.NewMultiHandler(handlers...), service), io.NopCloser(nil), nil
	}

	keep := c.Log.MaxBackups
	if keep == 0 {
		keep = defaultBackups
	}
	file, err := openRotating(path, int64(c.Log.FileSize), keep, time.Now)
	if err != nil {
		return nil, nil, &ConfigError{Faults: []error{BadVariable(c.Log.pathVariable(), err.Error(), "name a directory that the service may write to")}}
	}
	handler, err := c.Log.handler(file, firstNonEmpty(c.Log.FileLevel, c.LogLevel))
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return newLogger(slog.NewMultiHandler(append(handlers, handler)...), service), file, nil
}

// pathVariable is the variable that decided on the file.
func (c *LogConfig) pathVariable() string {
	if c.Dir != "" {
		return "LOG_PATH"
	}
	return "LOG_FILE_PATH"
}

// handler writes JSON or text at the given level and above.
func (c *LogConfig) handler(w io.Writer, level string) (slog.Handler, error) {
	least, err := ParseLevel(level)
	if err != nil {
		return nil, &ConfigError{Faults: []error{BadVariable("LOG_LEVEL", err.Error(), levelFix)}}
	}
	if c.JSONEnable {
		return slog.NewJSONHandler(w, handlerOptions(least)), nil
	}
	return slog.NewTextHandler(w, handlerOptions(least)), nil
}

// firstNonEmpty picks the more specific setting when it is there.
func firstNonEmpty(specific, general string) string {
	if specific != "" {
		return specific
	}
	return general
}

// ByteSize is a number of bytes, written with an optional unit: 1024, 4K, 50M, 1G (also KB, MB, GB;
// always powers of 1024).
type ByteSize int64

// byteUnitTable maps a unit to its power of two.
var byteUnitTable = map[string]int{"": 0, "K": 10, "M": 20, "G": 30}

// UnmarshalText reads a size.
func (b *ByteSize) UnmarshalText(text []byte) error {
	upper := strings.TrimSuffix(strings.ToUpper(string(text)), "B")
	digits := strings.TrimRight(upper, "KMG")
	shift, known := byteUnitTable[upper[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n < 0 || n > math.MaxInt64>>shift {
		return errors.New("not a size")
	}
	*b = ByteSize(n << shift)
	return nil
}
