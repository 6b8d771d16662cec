package org

import (
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"

	"engage.connector/services/lab/org/conversation"
)

// page is the part of a listing a request asks for.
type page struct {
	number, size int
	base         string
	query        url.Values
}

// listing is the platform's entity listing.
type listing struct {
	Entities    any    `json:"entities"`
	PageSize    int    `json:"pageSize"`
	PageNumber  int    `json:"pageNumber"`
	Total       *int   `json:"total,omitempty"`
	PageCount   *int   `json:"pageCount,omitempty"`
	FirstURI    string `json:"firstUri,omitempty"`
	NextURI     string `json:"nextUri,omitempty"`
	PreviousURI string `json:"previousUri,omitempty"`
	LastURI     string `json:"lastUri,omitempty"`
	SelfURI     string `json:"selfUri,omitempty"`
}

// pageOf reads pageNumber and pageSize (1..most, default 25).
func pageOf(c *call, most int) (page, *fault) {
	p := page{number: 1, size: 25, base: c.r.URL.Path, query: c.r.URL.Query()}
	if raw := p.query.Get("pageNumber"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 {
			return p, fail(codeInvalidPage)
		}
		p.number = n
	}
	if raw := p.query.Get("pageSize"); raw != "" {
		n, err := strconv.Atoi(raw)
		if err != nil || n < 1 || n > most {
			return p, fail(codeInvalidParam, clip(raw), "pageSize", fmt.Sprintf("1..%d", most))
		}
		p.size = n
	}
	return p, nil
}

func (p page) uri(number int) string {
	q := url.Values{}
	maps.Copy(q, p.query)
	q.Set("pageNumber", strconv.Itoa(number))
	q.Set("pageSize", strconv.Itoa(p.size))
	return p.base + "?" + q.Encode()
}

// cut returns the items of a page and a listing with total and page count.
func cut[T any](p page, items []T) listing {
	l := cutWithoutTotal(p, items)
	total := len(items)
	pages := (total + p.size - 1) / p.size
	l.Total, l.PageCount = &total, &pages
	l.LastURI = p.uri(max(pages, 1))
	return l
}

// cutWithoutTotal is for the listings that do not tell how long they are (queue members).
func cutWithoutTotal[T any](p page, items []T) listing {
	from := min((p.number-1)*p.size, len(items))
	to := min(from+p.size, len(items))
	part := items[from:to]
	if part == nil {
		part = []T{}
	}
	l := listing{Entities: part, PageSize: p.size, PageNumber: p.number, FirstURI: p.uri(1), SelfURI: p.uri(p.number)}
	if to < len(items) {
		l.NextURI = p.uri(p.number + 1)
	}
	if p.number > 1 {
		l.PreviousURI = p.uri(p.number - 1)
	}
	return l
}

// ids reads a repeated or comma-separated query parameter.
func ids(c *call, name string) []string {
	var out []string
	for _, value := range c.r.URL.Query()[name] {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
	}
	return out
}

// matches compares a name with a pattern that may begin and end with an asterisk, ignoring case.
func matches(pattern, name string) bool {
	pattern, name = strings.ToLower(pattern), strings.ToLower(name)
	head, tail := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
	core := strings.TrimSuffix(strings.TrimPrefix(pattern, "*"), "*")
	switch {
	case head && tail:
		return strings.Contains(name, core)
	case head:
		return strings.HasSuffix(name, core)
	case tail:
		return strings.HasPrefix(name, core)
	default:
		return name == core
	}
}

// pathID returns a path parameter that has to be a UUID.
func pathID(c *call, name string) (string, *fault) {
	id := c.r.PathValue(name)
	if !isUUID(id) {
		return "", fail(codeInvalidID).entity(clip(id))
	}
	return id, nil
}

// isUUID reports whether text has the form of a UUID of any version.
func isUUID(text string) bool {
	if conversation.IsUUID4(text) {
		return true
	}
	if len(text) != 36 {
		return false
	}
	for i, r := range text {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", r) {
			return false
		}
	}
	return true
}
