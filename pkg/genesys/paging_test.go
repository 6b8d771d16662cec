package genesys

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"engage.connector/pkg/fault"
	"engage.connector/pkg/genesys/genesystest"
)

// paged is a listing of n objects; told says whether the answer has the number of pages.
func paged(n int, told bool) *genesystest.Org {
	return &genesystest.Org{API: func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("pageNumber"))
		size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
		var entities []string
		for i := (page - 1) * size; i < min(page*size, n); i++ {
			entities = append(entities, fmt.Sprintf(`{"id":"%d","name":"n%d"}`, i, i))
		}
		count := ""
		if told {
			count = fmt.Sprintf(`,"pageCount":%d`, (n+size-1)/size)
		}
		genesystest.Answer(w, 200, `{"entities":[`+strings.Join(entities, ",")+`]`+count+`}`)
	}}
}

// members is a listing by page number.
func members(ctx context.Context, c *Client) iter.Seq2[Ref, error] {
	return Pages[Ref](ctx, c, Request{Operation: membersOf(), Args: []string{"q"}}, LargePage)
}

// Listings with a number of pages need no request beyond the last page; those without end with a short page.
func TestPages_EndWithTheLastPage(t *testing.T) {
	tests := map[string]struct {
		objects, requests int
		told              bool
	}{
		"none":                {0, 1, true},
		"one page":            {7, 1, true},
		"three pages":         {250, 3, true},
		"exactly two":         {200, 2, true},
		"untold, none":        {0, 1, false},
		"untold, three":       {250, 3, false},
		"untold, exactly two": {200, 3, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := paged(tt.objects, tt.told)
			all, err := Collect(members(t.Context(), client(t, o)))
			require.NoError(t, err)
			require.Len(t, all, tt.objects)
			require.Len(t, o.Calls(), tt.requests)
			for i, m := range all {
				require.Equal(t, strconv.Itoa(i), m.ID)
			}
		})
	}
}

// A short page with a next one is not the last: the server may have left some out.
func TestPages_GoOnBehindAShortPageThatNamesANextOne(t *testing.T) {
	o := genesystest.Replies(
		genesystest.Says(200, `{"entities":[{"id":"1"}],"nextUri":"/api/v2/x?pageNumber=2"}`),
		genesystest.Says(200, `{"entities":[{"id":"2"}]}`))
	all, err := Collect(members(t.Context(), client(t, o)))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Len(t, o.Calls(), 2)
}

// A listing is read only as far as somebody wants to know.
func TestPages_StopWhenNobodyWantsMore(t *testing.T) {
	o := paged(1000, true)
	for q, err := range members(t.Context(), client(t, o)) {
		require.NoError(t, err)
		if q.ID == "150" {
			break
		}
	}
	require.Len(t, o.Calls(), 2)
}

// A listing can be read twice.
func TestPages_CanBeReadAgain(t *testing.T) {
	list := members(t.Context(), client(t, paged(120, true)))
	for range 2 {
		all, err := Collect(list)
		require.NoError(t, err)
		require.Len(t, all, 120)
	}
}

// A failure in the middle ends the listing with that error.
func TestPages_EndWithTheFirstError(t *testing.T) {
	inner := paged(300, true).API
	o := &genesystest.Org{API: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("pageNumber") == "2" {
			genesystest.Answer(w, 400, `{}`)
			return
		}
		inner(w, r)
	}}
	seen, failures := 0, 0
	for _, err := range members(t.Context(), client(t, o)) {
		if err != nil {
			failures++
			continue
		}
		seen++
	}
	require.Equal(t, 100, seen)
	require.Equal(t, 1, failures)
}

// Listings by token go on where nextUri says.
func TestTokenPages_FollowTheToken(t *testing.T) {
	o := genesystest.Replies(
		genesystest.Says(200, `{"entities":[{"id":"p1"}],"nextUri":"/api/v2/speechandtextanalytics/programs/mappings?nextPage=abc&pageSize=100"}`),
		genesystest.Says(200, `{"entities":[{"id":"p2"}]}`))
	all, err := Collect(TokenPages[Ref](t.Context(), client(t, o), Request{Operation: reading(), Query: Query("pageSize", "100")}))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "p1", all[0].ID)
	require.Equal(t, "nextPage=abc&pageSize=100", o.Last(t).Query)
	require.Empty(t, nextToken("%zz"))
}

// SCIM listings go on at the next index, whatever the server made of the page size.
func TestSCIMPages_FollowTheIndex(t *testing.T) {
	o := &genesystest.Org{API: func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		var users []string
		for i := start; i < min(start+10, 26); i++ {
			users = append(users, fmt.Sprintf(`{"id":"%d"}`, i))
		}
		genesystest.Answer(w, 200, `{"totalResults":25,"Resources":[`+strings.Join(users, ",")+`]}`)
	}}
	all, err := Collect(SCIMPages[Ref](t.Context(), client(t, o), Request{Operation: reading()}))
	require.NoError(t, err)
	require.Len(t, all, 25)
	require.Equal(t, "25", all[24].ID)
	require.Len(t, o.Calls(), 3)
}

// A server that never ends a listing does not keep us for ever.
func TestPages_AreBounded(t *testing.T) {
	n := 0
	endless := func(w http.ResponseWriter, _ *http.Request) {
		n++
		genesystest.Answer(w, 200, fmt.Sprintf(`{"entities":[{"id":"1"}],"nextUri":"/x?nextPage=%d","totalResults":99999999,"Resources":[{"id":"1"}]}`, n))
	}
	for name, list := range map[string]func(context.Context, *Client) iter.Seq2[Ref, error]{
		"pages": members,
		"token": func(ctx context.Context, c *Client) iter.Seq2[Ref, error] {
			return TokenPages[Ref](ctx, c, Request{Operation: reading()})
		},
		"scim": func(ctx context.Context, c *Client) iter.Seq2[Ref, error] {
			return SCIMPages[Ref](ctx, c, Request{Operation: reading()})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &genesystest.Org{API: endless}
				_, err := Collect(list(t.Context(), client(t, o)))
				require.Equal(t, fault.TooLarge, fault.CodeOf(err))
				require.Len(t, o.Calls(), maxPages)
			})
		})
	}
	// The same token again is no next page.
	o := genesystest.Replies(genesystest.Says(200, `{"entities":[{"id":"p"}],"nextUri":"/x?nextPage=same"}`))
	all, err := Collect(TokenPages[Ref](t.Context(), client(t, o), Request{Operation: reading(), Query: Query("pageSize", "100")}))
	require.NoError(t, err)
	require.Len(t, all, 2)
}
