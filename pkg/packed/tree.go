package packed

import "time"

// Tree is any message: its fields as they are stored. It is for tools and tests, which add fields of a
// version to come, compare what is stored with what a type names, or show a value to a person.
type Tree struct {
	Kept

	All []Field
}

// Field is one field of a Tree; one of the values is set.
type Field struct {
	Number int
	// Kind is how it is stored: "number", "time", "text", "texts", "messages", "id" or "bytes".
	Kind string

	Int      int64
	Time     time.Time
	Text     string // also that of an id or of bytes
	Texts    []string
	Messages []Tree
}

// Fields names the fields that are there.
func (t *Tree) Fields(f *Form) {
	if f.in == nil {
		for i := range t.All {
			t.All[i].field(f)
		}
		return
	}
	for f.in.number != none {
		field := Field{Number: f.in.number, Kind: f.in.kind.String()}
		field.field(f)
		t.All = append(t.All, field)
	}
}

func (v *Field) field(f *Form) {
	switch v.Kind {
	case kindNumber.String():
		f.Int64(v.Number, &v.Int)
	case kindTime.String():
		f.Time(v.Number, &v.Time)
	case kindText.String():
		f.Text(v.Number, &v.Text)
	case kindTexts.String():
		f.Texts(v.Number, &v.Texts)
	case kindMessages.String():
		All(f, v.Number, &v.Messages)
	case kindID.String():
		f.ID(v.Number, &v.Text)
	case kindBytes.String():
		f.Bytes(v.Number, &v.Text, nil)
	default:
		f.Fail(broken("field %d has the unknown kind %q", v.Number, v.Kind))
	}
}

// Field returns a field by its number; nil when it is not there.
func (t *Tree) Field(number int) *Field {
	for i := range t.All {
		if t.All[i].Number == number {
			return &t.All[i]
		}
	}
	return nil
}
