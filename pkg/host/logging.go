package host

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
)

// Levels beyond those of slog. The order of severity is the guide's: FATAL, ERROR, WARN, INFO,
// DEBUG, TRACE (guide, chapter Logging).
const (
	LevelTrace = slog.Level(-8)            // per-request detail, may be very frequent
	LevelFatal = slog.Level(12)            // the service cannot work at all; logging it does not end it
	levelAll   = slog.Level(math.MinInt32) // below every level
	levelOff   = slog.Level(math.MaxInt32) // above every level
)

// levelFix tells which level names there are.
const levelFix = "choose off, fatal, error, warn, info, debug, trace or all"

// levelRow is one level name of the guide.
type levelRow struct {
	name  string
	level slog.Level
}

// levelTable holds the guide's names, most silent first: six of a service's LOG_LEVEL, and OFF and
// ALL, which the LOG_FILE_LEVEL and LOG_CONSOLE_LEVEL table adds.
var levelTable = []levelRow{
	{"OFF", levelOff},
	{"FATAL", LevelFatal},
	{"ERROR", slog.LevelError},
	{"WARN", slog.LevelWarn},
	{"INFO", slog.LevelInfo},
	{"DEBUG", slog.LevelDebug},
	{"TRACE", LevelTrace},
	{"ALL", levelAll},
}

// ParseLevel understands the guide's level names in any case. An unknown name is an error, never
// a silent default.
func ParseLevel(name string) (slog.Level, error) {
	for _, row := range levelTable {
		if strings.EqualFold(row.name, strings.TrimSpace(name)) {
			return row.level, nil
		}
	}
	return 0, fmt.Errorf("unknown log level %q", name)
}

// levelName is how a level appears in the log.
func levelName(level slog.Level) string {
	for _, row := range levelTable {
		if row.level == level {
			return row.name
		}
	}
	return level.String()
}

// NewLogger writes one JSON object per line, with the fields service and version, and with corrId
// where the context belongs to a request. level is one of the guide's names.
func NewLogger(w io.Writer, service, level string) (*slog.Logger, error) {
	least, err := ParseLevel(level)
	if err != nil {
		return nil, &ConfigError{Faults: []error{BadVariable("LOG_LEVEL", err.Error(), levelFix)}}
	}
	return newLogger(slog.NewJSONHandler(w, handlerOptions(least)), service), nil
}

// newLogger adds what every line carries.
func newLogger(handler slog.Handler, service string) *slog.Logger {
	return slog.New(correlated{handler}).With("service", service, "version", Version())
}

// handlerOptions sets the least level shown and the guide's names for levels.
func handlerOptions(least slog.Level) *slog.HandlerOptions {
	return &slog.HandlerOptions{Level: least, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if level, ok := a.Value.Any().(slog.Level); ok && len(groups) == 0 && a.Key == slog.LevelKey {
			a.Value = slog.StringValue(levelName(level))
		}
		return a
	}}
}

// correlated adds the request's correlation id to each line that is logged on its behalf.
type correlated struct{ slog.Handler }

// Handle adds the id and passes the line on.
func (c correlated) Handle(ctx context.Context, r slog.Record) error {
	if id := CorrelationID(ctx); id != "" {
		r = r.Clone()
		r.AddAttrs(slog.String("corrId", id))
	}
	return c.Handler.Handle(ctx, r)
}

// WithAttrs keeps the id on derived loggers.
func (c correlated) WithAttrs(attrs []slog.Attr) slog.Handler {
	return correlated{c.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the id on derived loggers.
func (c correlated) WithGroup(name string) slog.Handler {
	return correlated{c.Handler.WithGroup(name)}
}
