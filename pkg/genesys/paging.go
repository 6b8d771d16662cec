package genesys

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"engage.connector/pkg/fault"
)

// maxPages bounds every listing: with 100 objects on a page, 100,000 objects.
const maxPages = 1000

// LargePage is the largest page that most listings of the API give.
const LargePage = 100

// listing is a page of the API. Not every listing has pageCount, and those of queue members not
// even a total.
type listing[T any] struct {
	Entities  []T    `json:"entities"`
	PageCount int    `json:"pageCount"`
	NextURI   string `json:"nextUri"`
}

// last tells whether no page follows this one, the n-th of a size.
func (l listing[T]) last(n, size int) bool {
	switch {
	case len(l.Entities) == 0:
		return true
	case l.PageCount > 0:
		return n >= l.PageCount
	}
	return len(l.Entities) < size && l.NextURI == ""
}

// Pages lists by pageNumber and pageSize, until the last page. Where the number of pages is not told,
// that is the first one that is short and names no next page.
func Pages[T any](ctx context.Context, c *Client, r Request, size int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for n := 1; n <= maxPages; n++ {
			var page listing[T]
			r.Query = with(r.Query, "pageNumber", strconv.Itoa(n), "pageSize", strconv.Itoa(size))
			r.Out = &page
			if err := c.Do(ctx, r); err != nil {
				fail(yield, err)
				return
			}
			if !yieldAll(yield, page.Entities) || page.last(n, size) {
				return
			}
		}
		fail(yield, tooManyPages(r.Operation))
	}
}

// TokenPages lists by the nextPage token that the answer's nextUri carries.
func TokenPages[T any](ctx context.Context, c *Client, r Request) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		seen := ""
		for range maxPages {
			var page listing[T]
			r.Out = &page
			if err := c.Do(ctx, r); err != nil {
				fail(yield, err)
				return
			}
			next := nextToken(page.NextURI)
			if !yieldAll(yield, page.Entities) || next == "" || next == seen {
				return
			}
			seen = next
			r.Query = with(r.Query, "nextPage", next)
		}
		fail(yield, tooManyPages(r.Operation))
	}
}

// nextToken takes the token out of a nextUri; "" when there is no next page.
func nextToken(uri string) string {
	u, err := url.Parse(uri)
	if err != nil {
		return ""
	}
	return u.Query().Get("nextPage")
}

// SCIMPages lists by startIndex and count (RFC 7644 3.4.2.4).
func SCIMPages[T any](ctx context.Context, c *Client, r Request) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		start := 1
		for range maxPages {
			var page struct {
				Total     int `json:"totalResults"`
				Resources []T `json:"Resources"`
			}
			r.Query = with(r.Query, "startIndex", strconv.Itoa(start))
			r.Out = &page
			if err := c.Do(ctx, r); err != nil {
				fail(yield, err)
				return
			}
			start += len(page.Resources)
			if !yieldAll(yield, page.Resources) || len(page.Resources) == 0 || start > page.Total {
				return
			}
		}
		fail(yield, tooManyPages(r.Operation))
	}
}

// Single lists what comes in one answer.
func Single[T any](ctx context.Context, c *Client, r Request) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var page listing[T]
		r.Out = &page
		if err := c.Do(ctx, r); err != nil {
			fail(yield, err)
			return
		}
		yieldAll(yield, page.Entities)
	}
}

func yieldAll[T any](yield func(T, error) bool, items []T) bool {
	for _, item := range items {
		if !yield(item, nil) {
			return false
		}
	}
	return true
}

func fail[T any](yield func(T, error) bool, err error) {
	var none T
	yield(none, err)
}

func tooManyPages(op Operation) error {
	return fault.Newf(fault.TooLarge, op.Op(), "the listing has more than %d pages", maxPages)
}

// Query makes a query of name-value pairs, leaving out empty values.
func Query(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// with copies a query and sets more of it.
func with(q url.Values, pairs ...string) url.Values {
	out := maps.Clone(q)
	if out == nil {
		out = url.Values{}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

// Collect reads a listing to its end. On an error it returns that error and nothing else.
func Collect[T any](listing iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range listing {
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return slices.Clip(all), nil
}
