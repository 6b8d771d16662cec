package packed

import (
	"slices"
	"time"
)

// Message is a type with numbered fields: it embeds Kept, and its method Fields names every field once, in
// ascending order of the numbers, which begin with 1.
type Message interface {
	Fields(f *Form)
	unknown() *Kept
}

// pointer is a pointer to a message.
type pointer[T any] interface {
	*T
	Message
}

// Form is a message on its way to its stored form or back: each of its methods writes or reads one field.
// What was read refers to the data that it was read from.
type Form struct {
	out *output
	in  *input // nil: it is written
}

// Reading tells whether the message is read, for fields that are not stored as they are.
func (f *Form) Reading() bool { return f.in != nil }

// Fail says that a field cannot be read or written. The first error counts.
func (f *Form) Fail(err error) {
	if f.in != nil {
		f.in.fail(err)
		return
	}
	if f.out.err == nil {
		f.out.err = err
	}
}

// Int is a number.
func (f *Form) Int(n int, v *int) {
	wide := int64(*v)
	f.Int64(n, &wide)
	*v = int(wide)
}

// Int64 is a number.
func (f *Form) Int64(n int, v *int64) {
	switch {
	case f.in == nil:
		if *v != 0 {
			f.out.tag(n, kindNumber)
			f.out.uint(zigzag(*v))
		}
	case f.in.at(n, kindNumber):
		*v = unzigzag(f.in.uint())
		f.in.next()
	}
}

// Bool is a flag.
func (f *Form) Bool(n int, v *bool) {
	switch {
	case f.in == nil:
		if *v {
			f.out.tag(n, kindNumber)
			f.out.uint(zigzag(1))
		}
	case f.in.at(n, kindNumber):
		*v = f.in.uint() != 0
		f.in.next()
	}
}

// Time is a time with microseconds; it is read as UTC.
func (f *Form) Time(n int, v *time.Time) {
	switch {
	case f.in == nil:
		if !v.IsZero() {
			f.out.tag(n, kindTime)
			f.out.time(v.UnixMicro())
		}
	case f.in.at(n, kindTime):
		*v = time.UnixMicro(f.in.time()).UTC()
		f.in.next()
	}
}

// Text is a text; those of a type of its own are converted: f.Text(1, (*string)(&v.Kind)).
func (f *Form) Text(n int, v *string) {
	switch {
	case f.in == nil:
		if *v != "" {
			f.out.tag(n, kindText)
			f.out.text(*v)
		}
	case f.in.at(n, kindText):
		*v = f.in.text()
		f.in.next()
	}
}

// ID is a UUID in its usual form, which takes 16 bytes, or any other text.
func (f *Form) ID(n int, v *string) {
	switch {
	case f.in == nil:
		var id [sizeOfID]byte
		if parseID(*v, &id) {
			f.out.tag(n, kindID)
			f.out.data = append(f.out.data, id[:]...)
			return
		}
		f.Text(n, v)
	case f.in.is(n, kindID):
		*v = f.in.id()
		f.in.next()
	default:
		f.Text(n, v)
	}
}

// Texts is a list of texts; an empty one is read as nil.
func (f *Form) Texts(n int, v *[]string) {
	switch {
	case f.in == nil:
		if len(*v) > 0 {
			f.out.tag(n, kindTexts)
			f.out.uint(uint64(len(*v)))
			for _, s := range *v {
				f.out.text(s)
			}
		}
	case f.in.at(n, kindTexts):
		all := list[[]string](f.in)
		for i := range all {
			all[i] = f.in.text()
		}
		*v = all
		f.in.next()
	}
}

// Pairs is a list of values that have two texts each.
func Pairs[S ~[]T, T any](f *Form, n int, v *S, texts func(*T) (first, second *string)) {
	const two = 2
	switch {
	case f.in == nil:
		if len(*v) > 0 {
			f.out.tag(n, kindTexts)
			f.out.uint(uint64(two * len(*v)))
			for i := range *v {
				first, second := texts(&(*v)[i])
				f.out.text(*first)
				f.out.text(*second)
			}
		}
	case f.in.at(n, kindTexts):
		length := f.in.length()
		var all S
		if length >= two {
			all = make(S, length/two)
		}
		for i := range all {
			first, second := texts(&all[i])
			*first, *second = f.in.text(), f.in.text()
		}
		if length%two != 0 {
			f.Fail(broken("field %d has half a pair", n))
			return
		}
		*v = all
		f.in.next()
	}
}

// Map is a table of texts.
func (f *Form) Map(n int, v *map[string]string) {
	type pair struct{ key, value string }
	var pairs []pair
	for key, value := range *v {
		pairs = append(pairs, pair{key, value})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if a.key < b.key {
			return -1
		}
		return 1
	})
	Pairs(f, n, &pairs, func(p *pair) (*string, *string) { return &p.key, &p.value })
	if f.in != nil && len(pairs) > 0 {
		*v = make(map[string]string, len(pairs))
		for _, p := range pairs {
			(*v)[p.key] = p.value
		}
	}
}

// Bytes are bytes in two parts, of which what is read has only the first.
func (f *Form) Bytes(n int, first *string, rest []byte) {
	switch {
	case f.in == nil:
		if length := len(*first) + len(rest); length > 0 {
			f.out.tag(n, kindBytes)
			f.out.uint(uint64(length))
			f.out.data = append(append(f.out.data, *first...), rest...)
		}
	case f.in.at(n, kindBytes):
		*first = f.in.take(f.in.length())
		f.in.next()
	}
}

// One is a message, or nil.
func One[P pointer[T], T any](f *Form, n int, v *P) {
	switch {
	case f.in == nil:
		if *v != nil {
			f.out.tag(n, kindMessages)
			f.out.uint(1)
			f.write(*v)
		}
	case f.in.at(n, kindMessages):
		if f.in.length() != 1 {
			f.Fail(broken("field %d is a list, not one message", n))
			return
		}
		*v = new(T)
		f.read(*v)
		f.in.next()
	}
}

// Of is a message that is always there.
func Of[P pointer[T], T any](f *Form, n int, v P) {
	if f.in == nil {
		f.out.flush(n)
		before := len(f.out.data)
		f.out.tag(n, kindMessages)
		f.out.uint(1)
		at := len(f.out.data)
		f.write(v)
		if len(f.out.data) == at+1 { // nothing but its end
			f.out.data = f.out.data[:before]
		}
		return
	}
	var there P
	One(f, n, &there)
	if there != nil {
		*v = *there
	}
}

// All is a list of messages; an empty one is read as nil.
func All[S ~[]T, T any, P pointer[T]](f *Form, n int, v *S) {
	switch {
	case f.in == nil:
		if len(*v) > 0 {
			f.out.tag(n, kindMessages)
			f.out.uint(uint64(len(*v)))
			for i := range *v {
				f.write(P(&(*v)[i]))
			}
		}
	case f.in.at(n, kindMessages):
		all := list[S](f.in)
		for i := range all {
			f.read(P(&all[i]))
		}
		*v = all
		f.in.next()
	}
}

// Each is a list of pointers to messages; an empty one is read as nil.
func Each[S ~[]P, P pointer[T], T any](f *Form, n int, v *S) {
	switch {
	case f.in == nil:
		if len(*v) > 0 {
			f.out.tag(n, kindMessages)
			f.out.uint(uint64(len(*v)))
			for _, m := range *v {
				f.write(m)
			}
		}
	case f.in.at(n, kindMessages):
		pointers := list[S](f.in)
		all := make([]T, len(pointers))
		for i := range all {
			pointers[i] = &all[i]
			f.read(pointers[i])
		}
		*v = pointers
		f.in.next()
	}
}

// list makes room for a list that follows.
func list[S ~[]T, T any](in *input) S {
	if n := in.length(); n > 0 {
		return make(S, n)
	}
	return nil
}

// write writes a message and its end.
func (f *Form) write(m Message) {
	before := f.out.kept
	f.out.kept = m.unknown().text()
	m.Fields(f)
	f.out.flush(none)
	f.out.kept = before
	f.out.data = append(f.out.data, endOfMessage)
}

// read reads a message up to its end.
func (f *Form) read(m Message) {
	in := f.in
	number, kind, keep := in.number, in.kind, in.keep
	in.number, in.keep = 0, m.unknown()
	if in.deep++; in.deep > maxDepth {
		f.Fail(broken("more than %d messages within each other", maxDepth))
	}
	in.next()
	m.Fields(f)
	in.skipTo(none)
	in.deep--
	in.number, in.kind, in.keep = number, kind, keep
	if in.err != nil {
		in.end()
	}
}
