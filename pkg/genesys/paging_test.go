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
)

// paged is a listing of n objects; told says whether the answer has the number of pages.
func paged(n int, told bool) *org {
	return &org{api: func(w http.ResponseWriter, r *http.Request) {
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
		answer(w, 200, `{"entities":[`+strings.Join(entities, ",")+`]`+count+`}`)
	}}
}

// Listings with a number of pages need no request beyond the last page; those without end with an empty page.
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
		"untold, three":       {250, 4, false},
		"untold, exactly two": {200, 3, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := paged(tt.objects, tt.told)
			all, err := Collect(o.client(t).QueueMembers(t.Context(), "q"))
			require.NoError(t, err)
			require.Len(t, all, tt.objects)
			require.Len(t, o.calls(), tt.requests)
			for i, m := range all {
				require.Equal(t, strconv.Itoa(i), m.ID)
			}
		})
	}
}

// Every listing, with its filter.
func TestListings(t *testing.T) {
	tests := map[string]struct {
		list func(context.Context, *Client) (int, error)
		want string
	}{
		"queues": {count(func(ctx context.Context, c *Client) iter.Seq2[Queue, error] { return c.Queues(ctx, QueueFilter{}) }), "/api/v2/routing/queues?pageNumber=1&pageSize=100"},
		"peer queues": {count(func(ctx context.Context, c *Client) iter.Seq2[Queue, error] {
			return c.Queues(ctx, QueueFilter{Name: "S*", PeerID: "1", HasPeer: true})
		}), "/api/v2/routing/queues?hasPeer=true&name=S%2A&pageNumber=1&pageSize=100&peerId=1"},
		"members":     {count(func(ctx context.Context, c *Client) iter.Seq2[QueueMember, error] { return c.QueueMembers(ctx, "q") }), "/api/v2/routing/queues/q/members?memberBy=user&pageNumber=1&pageSize=100"},
		"skills":      {count(func(ctx context.Context, c *Client) iter.Seq2[Skill, error] { return c.Skills(ctx, "Bil") }), "/api/v2/routing/skills?name=Bil&pageNumber=1&pageSize=100"},
		"user skills": {count(func(ctx context.Context, c *Client) iter.Seq2[SkillRating, error] { return c.UserSkills(ctx, "u") }), "/api/v2/users/u/routingskills?pageNumber=1&pageSize=100"},
		"codes":       {count(func(ctx context.Context, c *Client) iter.Seq2[WrapupCode, error] { return c.WrapupCodes(ctx, "") }), "/api/v2/routing/wrapupcodes?pageNumber=1&pageSize=100"},
		"queue codes": {count(func(ctx context.Context, c *Client) iter.Seq2[WrapupCode, error] { return c.QueueWrapupCodes(ctx, "q") }), "/api/v2/routing/queues/q/wrapupcodes?pageNumber=1&pageSize=100"},
		"roles":       {count(func(ctx context.Context, c *Client) iter.Seq2[Role, error] { return c.Roles(ctx, "Agent") }), "/api/v2/authorization/roles?name=Agent&pageNumber=1&pageSize=100"},
		"keys":        {count((func(ctx context.Context, c *Client) iter.Seq2[RecordingKey, error] { return c.RecordingKeys(ctx) })), "/api/v2/recording/recordingkeys?pageNumber=1&pageSize=100"},
		"sources":     {count(func(ctx context.Context, c *Client) iter.Seq2[Source, error] { return c.Sources(ctx) }), "/api/v2/presence/sources?"},
		"definitions": {count(func(ctx context.Context, c *Client) iter.Seq2[PresenceDefinition, error] {
			return c.PresenceDefinitions(ctx)
		}), "/api/v2/presence/definitions?"},
		"mappings": {count(func(ctx context.Context, c *Client) iter.Seq2[ProgramMapping, error] { return c.ProgramMappings(ctx) }), "/api/v2/speechandtextanalytics/programs/mappings?pageSize=100"},
		"users": {count(func(ctx context.Context, c *Client) iter.Seq2[User, error] {
			return c.Users(ctx, UserFilter{Filter: "active eq false", Attributes: []string{"id", "externalId"}})
		}), "/api/v2/scim/v2/users?attributes=id&attributes=externalId&count=100&filter=active+eq+false&startIndex=1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := replies(says(200, `{"entities":[{"id":"1"}],"pageCount":1,"totalResults":1,"Resources":[{"id":"1"}]}`))
			n, err := tt.list(t.Context(), o.client(t))
			require.NoError(t, err)
			require.Equal(t, 1, n)
			require.Len(t, o.calls(), 1)
			require.Equal(t, tt.want, o.last(t).path+"?"+o.last(t).query)

			_, err = tt.list(t.Context(), replies(says(403, `{}`)).client(t))
			require.Equal(t, fault.Forbidden, fault.CodeOf(err))
		})
	}
}

func count[T any](list func(context.Context, *Client) iter.Seq2[T, error]) func(context.Context, *Client) (int, error) {
	return func(ctx context.Context, c *Client) (int, error) {
		all, err := Collect(list(ctx, c))
		return len(all), err
	}
}

// A listing is read only as far as somebody wants to know.
func TestPages_StopWhenNobodyWantsMore(t *testing.T) {
	o := paged(1000, true)
	for q, err := range o.client(t).Queues(t.Context(), QueueFilter{}) {
		require.NoError(t, err)
		if q.ID == "150" {
			break
		}
	}
	require.Len(t, o.calls(), 2)
}

// A listing can be read twice.
func TestPages_CanBeReadAgain(t *testing.T) {
	list := paged(120, true).client(t).Queues(t.Context(), QueueFilter{})
	for range 2 {
		all, err := Collect(list)
		require.NoError(t, err)
		require.Len(t, all, 120)
	}
}

// A failure in the middle ends the listing with that error.
func TestPages_EndWithTheFirstError(t *testing.T) {
	inner := paged(300, true).api
	o := &org{api: func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("pageNumber") == "2" {
			answer(w, 400, `{}`)
			return
		}
		inner(w, r)
	}}
	seen, failures := 0, 0
	for _, err := range o.client(t).Queues(t.Context(), QueueFilter{}) {
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
	o := replies(
		says(200, `{"entities":[{"program":{"id":"p1"},"queues":[{"id":"q1"}]}],"nextUri":"/api/v2/speechandtextanalytics/programs/mappings?nextPage=abc&pageSize=100"}`),
		says(200, `{"entities":[{"program":{"id":"p2"}}]}`))
	all, err := Collect(o.client(t).ProgramMappings(t.Context()))
	require.NoError(t, err)
	require.Len(t, all, 2)
	require.Equal(t, "q1", all[0].Queues[0].ID)
	require.Equal(t, "nextPage=abc&pageSize=100", o.last(t).query)
	require.Empty(t, nextToken("%zz"))
}

// SCIM listings go on at the next index, whatever the server made of the page size.
func TestSCIMPages_FollowTheIndex(t *testing.T) {
	o := &org{api: func(w http.ResponseWriter, r *http.Request) {
		start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
		var users []string
		for i := start; i < min(start+10, 26); i++ {
			users = append(users, fmt.Sprintf(`{"id":"%d"}`, i))
		}
		answer(w, 200, `{"totalResults":25,"Resources":[`+strings.Join(users, ",")+`]}`)
	}}
	all, err := Collect(o.client(t).Users(t.Context(), UserFilter{}))
	require.NoError(t, err)
	require.Len(t, all, 25)
	require.Equal(t, "25", all[24].ID)
	require.Len(t, o.calls(), 3)
}

// A server that never ends a listing does not keep us for ever.
func TestPages_AreBounded(t *testing.T) {
	n := 0
	endless := func(w http.ResponseWriter, _ *http.Request) {
		n++
		answer(w, 200, fmt.Sprintf(`{"entities":[{"id":"1"}],"nextUri":"/x?nextPage=%d","totalResults":99999999,"Resources":[{"id":"1"}]}`, n))
	}
	for name, list := range map[string]func(context.Context, *Client) (int, error){
		"pages": count(func(ctx context.Context, c *Client) iter.Seq2[Skill, error] { return c.Skills(ctx, "") }),
		"token": count(func(ctx context.Context, c *Client) iter.Seq2[ProgramMapping, error] { return c.ProgramMappings(ctx) }),
		"scim":  count(func(ctx context.Context, c *Client) iter.Seq2[User, error] { return c.Users(ctx, UserFilter{}) }),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &org{api: endless}
				_, err := list(t.Context(), o.client(t))
				require.Equal(t, fault.TooLarge, fault.CodeOf(err))
				require.Len(t, o.calls(), maxPages)
			})
		})
	}
	// The same token again is no next page.
	o := replies(says(200, `{"entities":[{"program":{"id":"p"}}],"nextUri":"/x?nextPage=same"}`))
	all, err := Collect(o.client(t).ProgramMappings(t.Context()))
	require.NoError(t, err)
	require.Len(t, all, 2)
}
