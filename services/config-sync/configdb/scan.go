package configdb

import (
	"fmt"
	"strconv"
	"strings"
)

// integer is what DBIDs, enumerations and levels are made of.
type integer interface{ ~int | ~int64 }

// numberScanner reads a numeric column, which arrives as integer, decimal text or bytes depending
// on the driver, sometimes padded. NULL is 0.
type numberScanner[T integer] struct{ to *T }

func number[T integer](to *T) *numberScanner[T] { return &numberScanner[T]{to} }

// Scan implements sql.Scanner.
func (s *numberScanner[T]) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s.to = 0
	case int64:
		*s.to = T(v)
	case float64:
		*s.to = T(v)
	case string:
		return s.parse(v)
	case []byte:
		return s.parse(string(v))
	default:
		return fmt.Errorf("a number was expected, not %T", src)
	}
	return nil
}

func (s *numberScanner[T]) parse(v string) error {
	whole, _, _ := strings.Cut(strings.TrimSpace(v), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return fmt.Errorf("a number was expected: %w", err)
	}
	*s.to = T(n)
	return nil
}

// textScanner reads a text column; NULL, which is what Oracle makes of an empty text, is empty.
type textScanner struct{ to *string }

func text(to *string) *textScanner { return &textScanner{to} }

// Scan implements sql.Scanner. Bytes that are not UTF-8 are replaced, since one damaged name must
// not stop the synchronisation.
func (s *textScanner) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s.to = ""
	case string:
		*s.to = strings.ToValidUTF8(v, "\uFFFD")
	case []byte:
		*s.to = strings.ToValidUTF8(string(v), "\uFFFD")
	case int64:
		*s.to = strconv.FormatInt(v, 10)
	default:
		return fmt.Errorf("a text was expected, not %T", src)
	}
	return nil
}
