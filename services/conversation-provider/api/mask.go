package api

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"engage.connector/pkg/access"
)

// numberPattern is a telephone number as Engage writes it. Shorter ones are extensions and queues.
var numberPattern = regexp.MustCompile(`^((?:sips?:|tel:)?\+?)([0-9]{7,})((?:@.*)?)$`)

// shownDigits stay readable at the end of a number, so that two callers can be told apart.
const shownDigits = 2

// mask hides a telephone number; every other text stays as it is.
func mask(text string) string {
	parts := numberPattern.FindStringSubmatch(text)
	if parts == nil {
		return text
	}
	digits := parts[2]
	return parts[1] + strings.Repeat("*", len(digits)-shownDigits) + digits[len(digits)-shownDigits:] + parts[3]
}

// identifiers may consist of digits and are no telephone numbers: the names of their fields in JSON
// and in the proto, in lower case.
func isIdentifier(field string) bool {
	field = strings.ToLower(strings.ReplaceAll(field, "_", ""))
	return strings.HasPrefix(field, "connid") || strings.HasSuffix(field, "uuid") || strings.HasSuffix(field, "calluuids")
}

// forCaller is a value as a caller of the HTTP interface may see it.
func forCaller(ctx context.Context, v any) (any, error) {
	if access.From(ctx).May(access.Numbers) {
		return v, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var plain any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // numbers stay as they are written
	if err := decoder.Decode(&plain); err != nil {
		return nil, err
	}
	return maskValue("", plain), nil
}

func maskValue(field string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			v[name] = maskValue(name, inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = maskValue(field, inner)
		}
	case string:
		if !isIdentifier(field) {
			return mask(v)
		}
	}
	return v
}

// maskMessage hides the numbers in a message from a caller of gRPC who may not see them.
func maskMessage(ctx context.Context, m proto.Message) {
	if !access.From(ctx).May(access.Numbers) {
		maskFields(m.ProtoReflect())
	}
}

func maskFields(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		text := field.Kind() == protoreflect.StringKind && !isIdentifier(string(field.Name()))
		nested := field.Kind() == protoreflect.MessageKind && !field.IsMap()
		switch {
		case field.IsList() && (text || nested):
			list := value.List()
			for i := range list.Len() {
				if text {
					list.Set(i, protoreflect.ValueOfString(mask(list.Get(i).String())))
				} else {
					maskFields(list.Get(i).Message())
				}
			}
		case field.IsList() || field.IsMap():
		case text:
			m.Set(field, protoreflect.ValueOfString(mask(value.String())))
		case nested:
			maskFields(value.Message())
		}
		return true
	})
}
