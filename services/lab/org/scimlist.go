package org

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// scimListing is the API's ScimUserListResponse.
type scimListing struct {
	Schemas      []string                     `json:"schemas"`
	TotalResults int                          `json:"totalResults"`
	StartIndex   int                          `json:"startIndex"`
	ItemsPerPage int                          `json:"itemsPerPage"`
	Resources    []map[string]json.RawMessage `json:"Resources"`
}

// maxPlainPage is the page size above which secondary attributes have to be restricted (API definition of the list).
const maxPlainPage = 25

func (o *Org) listSCIM(c *call) (*reply, *fault) {
	q := c.r.URL.Query()
	start, flt := scimNumber(q.Get("startIndex"), 1)
	if flt != nil {
		return nil, flt
	}
	count, flt := scimNumber(q.Get("count"), maxPlainPage)
	if flt != nil {
		return nil, flt
	}
	if count > maxPlainPage && looksUpSecondary(ids(c, "attributes"), ids(c, "excludedAttributes")) {
		return nil, fail(codeTooMany, strconv.Itoa(maxPlainPage), "1").with(map[string]string{"Retry-After": "1"})
	}
	fits, flt := parseFilter(q.Get("filter"))
	if flt != nil {
		return nil, flt
	}
	var found []*user
	for _, u := range o.users.order {
		if !u.deleted && o.visible(u.created) && fits(o, u) {
			found = append(found, u)
		}
	}
	out := scimListing{
		Schemas:      []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		TotalResults: len(found), StartIndex: start, Resources: []map[string]json.RawMessage{},
	}
	from := min(start-1, len(found))
	for _, u := range found[from:min(from+count, len(found))] {
		view, flt := selectAttributes(c, o.scimView(u))
		if flt != nil {
			return nil, flt
		}
		out.Resources = append(out.Resources, view)
	}
	out.ItemsPerPage = len(out.Resources)
	return &reply{status: http.StatusOK, body: out, header: map[string]string{"Content-Type": "application/scim+json"}}, nil
}

// secondaryAttributes are those that the platform looks up one user at a time (API definition of the list).
func secondaryAttributes() []string {
	const extension = "urn:ietf:params:scim:schemas:extension:genesys:purecloud:2.0:User"
	return []string{"externalId", "roles", extension + ":routingLanguages", extension + ":routingSkills"}
}

// looksUpSecondary tells whether a listing shows any of them. To name an extension is to name all that is in it.
func looksUpSecondary(included, excluded []string) bool {
	names := func(list []string, attribute string) bool {
		return slices.ContainsFunc(list, func(name string) bool {
			return strings.EqualFold(name, attribute) || strings.HasPrefix(strings.ToLower(attribute), strings.ToLower(name)+":")
		})
	}
	return slices.ContainsFunc(secondaryAttributes(), func(attribute string) bool {
		return (len(included) == 0 || names(included, attribute)) && !names(excluded, attribute)
	})
}

// scimNumber reads startIndex or count; a startIndex below one counts as one, a count below zero as zero (RFC 7644).
func scimNumber(raw string, fallback int) (int, *fault) {
	if raw == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil {
		return 0, scimFault(http.StatusBadRequest, "invalidValue", "%s is no number", clip(raw))
	}
	if fallback == 1 {
		return max(n, 1), nil
	}
	return max(n, 0), nil
}

// filters are the documented forms "<attribute> eq <value>"; no other operator and no combination is supported.
var filters = map[string]func(o *Org, u *user, value string) bool{
	"id":             func(_ *Org, u *user, v string) bool { return u.id == v },
	"username":       func(_ *Org, u *user, v string) bool { return strings.EqualFold(u.userName, v) },
	"externalid":     func(_ *Org, u *user, v string) bool { return u.externalID == v },
	"employeenumber": func(_ *Org, u *user, v string) bool { return u.enterprise.EmployeeNumber == v },
	"division":       func(o *Org, _ *user, v string) bool { return strings.EqualFold(o.home.Name, v) },
	"manager": func(_ *Org, u *user, v string) bool {
		return u.enterprise.Manager != nil && u.enterprise.Manager.Value == v
	},
	"email": func(_ *Org, u *user, v string) bool {
		for _, e := range u.emails {
			if strings.EqualFold(e.Value, v) {
				return true
			}
		}
		return strings.EqualFold(u.userName, v)
	},
	"active": func(_ *Org, u *user, v string) bool { return strconv.FormatBool(u.active) == strings.ToLower(v) },
}

// parseFilter compiles a filter; without one only active users are listed.
func parseFilter(filter string) (func(o *Org, u *user) bool, *fault) {
	if strings.TrimSpace(filter) == "" {
		return func(_ *Org, u *user) bool { return u.active }, nil
	}
	attribute, rest, _ := strings.Cut(strings.TrimSpace(filter), " ")
	operator, value, found := strings.Cut(strings.TrimSpace(rest), " ")
	value = strings.TrimSpace(value)
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		if err := json.Unmarshal([]byte(value), &value); err != nil {
			return nil, scimFault(http.StatusBadRequest, "invalidFilter", "value of the filter: %v", err)
		}
	} else if strings.ContainsAny(value, ` "`) {
		found = false // an unquoted value has no blanks, and combinations are not supported
	}
	test := filters[strings.ToLower(attribute)]
	if test == nil || !strings.EqualFold(operator, "eq") || !found || value == "" {
		return nil, scimFault(http.StatusBadRequest, "invalidFilter", "filter %q is not supported", clip(filter))
	}
	return func(o *Org, u *user) bool { return test(o, u, value) }, nil
}
