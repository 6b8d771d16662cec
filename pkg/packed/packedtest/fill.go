// Package packedtest helps tests of what is stored: that nothing is lost (RoundTrip), that numbers of
// fields stay what they are (Schema), that a newer version's fields survive (Grow, Grown).
package packedtest

import (
	"math/rand/v2"
	"reflect"
	"strconv"
	"time"
)

// Fill gives every exported field that has a JSON form a value: never the zero one at the first level
// of depth, lists of one or two elements.
func Fill(source *rand.Rand, target any) { fill(source, reflect.ValueOf(target).Elem()) }

func fill(source *rand.Rand, v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		const day = 24 * 60 * 60 * 1_000_000
		v.Set(reflect.ValueOf(time.UnixMicro(1_700_000_000_000_000 + source.Int64N(day)).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(source, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Tag.Get("json") != "-" {
				fill(source, v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+source.IntN(2), 2))
		for i := range v.Len() {
			fill(source, v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			fill(source, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(source, key)
		fill(source, value)
		v.SetMapIndex(key, value)
	case reflect.Interface:
		v.Set(reflect.ValueOf(text(source)))
	case reflect.String:
		v.SetString(text(source))
	case reflect.Bool:
		v.SetBool(source.IntN(2) == 0)
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + source.Int64N(1<<20))
		for closed, ok := reflect.TypeAssert[known](v); ok && !closed.Known(); closed, ok = reflect.TypeAssert[known](v) {
			v.SetInt(source.Int64N(8)) //nolint:mnd // as few as such lists have
		}
	default:
		panic("packedtest: " + v.Type().String())
	}
}

// text is one of several kinds: short ones, some that come again, some that look like ids.
func text(source *rand.Rand) string {
	switch source.IntN(4) {
	case 0:
		return strconv.Itoa(source.IntN(100))
	case 1:
		return "4f2a1b3c-0000-4000-8000-00000000" + strconv.Itoa(1000+source.IntN(9000))
	case 2:
		return "ä<&>\"\\\n\u2028" + strconv.Itoa(source.IntN(5))
	default:
		return "a text that is longer " + strconv.Itoa(source.IntN(100_000))
	}
}

// known is a list of values that may end before the numbers that its type has room for.
type known interface{ Known() bool }
