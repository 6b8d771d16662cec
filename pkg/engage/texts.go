package engage

import (
	"encoding/json"
	"hash/maphash"
)

// texts remembers the texts that were read last. Those of events come again and again, the names of
// attributes, DNs, and the ids of calls that are on, and take room once that way, wherever they are kept.
type texts struct {
	seed  maphash.Seed
	known [knownTexts]any
}

// Bounds of what is remembered.
const (
	knownTexts  = 1 << 12
	longestText = 64
)

// value returns a text as the value of an attribute.
func (t *texts) value(raw []byte) any {
	if t == nil || len(raw) > longestText {
		return string(raw)
	}
	place := t.place(raw)
	if text, ok := (*place).(string); ok && text == string(raw) {
		return *place
	}
	*place = string(raw)
	return *place
}

// text returns a text.
func (t *texts) text(raw []byte) string {
	text, _ := t.value(raw).(string)
	return text
}

// number returns a number as it was written.
func (t *texts) number(raw []byte) any {
	if t == nil || len(raw) > longestText {
		return json.Number(raw)
	}
	place := t.place(raw)
	if number, ok := (*place).(json.Number); ok && string(number) == string(raw) {
		return *place
	}
	*place = json.Number(raw)
	return *place
}

func (t *texts) place(raw []byte) *any {
	if t.seed == (maphash.Seed{}) {
		t.seed = maphash.MakeSeed()
	}
	return &t.known[maphash.Bytes(t.seed, raw)%knownTexts]
}
