package host

import (
	"maps"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Defaulter is a configuration type that knows defaults for variables of the parts it embeds,
// e.g. HTTP_ADDR, which differs from service to service.
type Defaulter interface {
	// Defaults maps a variable's name to the value used when it is not set or empty.
	Defaults() map[string]string
}

// Validator is a part of a configuration that checks itself. Load calls it for every struct field
// that has it, after the service's own validate function.
type Validator interface {
	// Validate returns everything that is wrong, best as *ConfigFault.
	Validate() []error
}

// Load reads T from environment lines ("NAME=value", as os.Environ gives them). The struct tags
// are those of caarlos0/env (env, envDefault, envPrefix, envSeparator, and the options required
// and notEmpty), plus help: a noun phrase that completes "set it to ...".
//
// Variables may also stand in the file that CONFIG_FILE names. A secret may come from a file named by NAME_FILE. Blanks around values are dropped, because an
// .env file edited on Windows leaves a carriage return behind every value.
//
// All faults are reported at once, in one *ConfigError. validate may be nil; it may also complete
// the configuration.
func Load[T any](environ []string, validate func(*T) []error) (T, error) {
	var (
		cfg    T
		faults faultList
	)
	environ, err := WithConfigFile(environ)
	if err != nil {
		return cfg, err
	}
	l := loader{environ: trimmed(env.ToMap(environ)), faults: &faults}
	if d, ok := any(&cfg).(Defaulter); ok {
		l.applyDefaults(d.Defaults())
	}

	root := reflect.ValueOf(&cfg).Elem()
	l.structure(root, "")
	if validate != nil {
		faults.add(validate(&cfg)...)
	}
	l.validateParts(root)

	// A variable that could not be read holds its zero value; what the checks say about that zero
	// value would only repeat the fault in other words.
	l.dropConsequences()
	return cfg, faults.err()
}

// trimmed copies the environment without the blanks around values.
func trimmed(environ map[string]string) map[string]string {
	clean := make(map[string]string, len(environ))
	for name, value := range environ {
		clean[name] = strings.TrimSpace(value)
	}
	return clean
}

// loader fills one configuration and collects what is wrong with it.
type loader struct {
	environ map[string]string
	faults  *faultList
	unread  map[string]bool // variables that have a fault of their own
}

// applyDefaults fills variables that are not set or empty.
func (l *loader) applyDefaults(defaults map[string]string) {
	merged := maps.Clone(l.environ)
	for name, value := range defaults {
		if merged[name] == "" && merged[name+fileSuffix] == "" {
			merged[name] = value
		}
	}
	l.environ = merged
}

// structure fills the fields of a struct, going into nested and embedded structs.
func (l *loader) structure(v reflect.Value, prefix string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if key, _, _ := strings.Cut(field.Tag.Get("env"), ","); key != "" {
			l.variable(v.Field(i), field, prefix+key)
			continue
		}
		if field.Type.Kind() == reflect.Struct {
			l.structure(v.Field(i), prefix+field.Tag.Get("envPrefix"))
		}
	}
}

// variable reads one variable into one field.
func (l *loader) variable(target reflect.Value, field reflect.StructField, name string) {
	environ := l.environ
	if field.Type == reflect.TypeFor[Secret]() {
		var ok bool
		if environ, ok = l.withSecretFile(name); !ok {
			return
		}
	}
	if environ[name] == "" && field.Tag.Get("envDefault") == "" {
		if mandatory(field) {
			l.blame(name, "required, but not set", missingFix(field, name))
		}
		return
	}

	// One field at a time: the library's own error for a whole struct names only the Go field,
	// which may occur twice.
	single := reflect.New(reflect.StructOf([]reflect.StructField{{
		Name: "Value", Type: field.Type, Tag: field.Tag,
	}}))
	prefix := strings.TrimSuffix(name, ownKey(field))
	err := env.ParseWithOptions(single.Interface(), env.Options{Environment: environ, Prefix: prefix})
	if err != nil {
		problem, fix := describe(field, environ[name], err)
		l.blame(name, problem, fix)
		return
	}
	target.Set(single.Elem().Field(0))
}

// blame records a fault of one variable.
func (l *loader) blame(name, problem, fix string) {
	if l.unread == nil {
		l.unread = map[string]bool{}
	}
	l.unread[name] = true
	l.faults.add(BadVariable(name, problem, fix))
}

// validateParts lets every part of the configuration check itself, inner parts first.
func (l *loader) validateParts(v reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() || field.Type.Kind() != reflect.Struct {
			continue
		}
		l.validateParts(v.Field(i))
		if part, ok := reflect.TypeAssert[Validator](v.Field(i).Addr()); ok {
			l.faults.add(part.Validate()...)
		}
	}
}

// dropConsequences keeps the first fault of a variable that could not be read.
func (l *loader) dropConsequences() {
	seen := map[string]bool{}
	kept := l.faults.faults[:0]
	for _, err := range l.faults.faults {
		if f, ok := err.(*ConfigFault); ok && l.unread[f.Variable] { //nolint:errorlint // the list holds faults themselves
			if seen[f.Variable] {
				continue
			}
			seen[f.Variable] = true
		}
		kept = append(kept, err)
	}
	l.faults.faults = kept
}
