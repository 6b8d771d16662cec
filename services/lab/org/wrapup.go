package org

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

type wrapupCode struct {
	ID                string
	Name              string
	Description       string
	created, modified time.Time
	createdBy         string
}

type codeView struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Division     namedRef `json:"division"`
	Description  string   `json:"description,omitempty"`
	DateCreated  string   `json:"dateCreated"`
	DateModified string   `json:"dateModified"`
	CreatedBy    string   `json:"createdBy"`
	SelfURI      string   `json:"selfUri"`
}

type codeIn struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Division *struct {
		ID      string `json:"id"`
		Name    string `json:"name"`
		SelfURI string `json:"selfUri"`
	} `json:"division"`
	Description  string `json:"description"`
	DateCreated  string `json:"dateCreated"`
	DateModified string `json:"dateModified"`
	CreatedBy    string `json:"createdBy"`
	ModifiedBy   string `json:"modifiedBy"`
	SelfURI      string `json:"selfUri"`
}

func (o *Org) codeView(w *wrapupCode) codeView {
	return codeView{
		ID: w.ID, Name: w.Name, Division: namedRef{ID: o.home.ID, Name: o.home.Name}, Description: w.Description,
		DateCreated: stamp(w.created), DateModified: stamp(w.modified), CreatedBy: w.createdBy,
		SelfURI: "/api/v2/routing/wrapupcodes/" + w.ID,
	}
}

func (o *Org) codeByID(id string) *wrapupCode {
	for _, w := range o.codes {
		if w.ID == id {
			return w
		}
	}
	return nil
}

func (o *Org) codeOf(c *call) (*wrapupCode, *fault) {
	id, flt := pathID(c, "codeId")
	if flt != nil {
		return nil, flt
	}
	if w := o.codeByID(id); w != nil && o.visible(w.created) {
		return w, nil
	}
	return nil, fail(codeNoResource).entity(id)
}

func (o *Org) readCode(c *call, except string) (codeIn, *fault) {
	in, flt := decode[codeIn](c.body, "WrapupCodeRequest")
	if flt != nil {
		return in, flt
	}
	const longest = 256
	if strings.TrimSpace(in.Name) == "" || utf8.RuneCountInString(in.Name) > longest {
		return in, fail(codeInvalidName, "wrapup code").field("name")
	}
	if in.Division != nil && in.Division.ID != "" && in.Division.ID != o.home.ID {
		return in, fail(codeNoResource).asStatus(http.StatusBadRequest).entity(clip(in.Division.ID))
	}
	if slices.ContainsFunc(o.codes, func(w *wrapupCode) bool { return w.ID != except && strings.EqualFold(w.Name, in.Name) }) {
		return in, fail(codeDuplicateName, "wrapup code")
	}
	return in, nil
}

func (o *Org) createCode(c *call) (*reply, *fault) {
	in, flt := o.readCode(c, "")
	if flt != nil {
		return nil, flt
	}
	w := &wrapupCode{
		ID: o.newID(), Name: in.Name, Description: in.Description, created: c.now, modified: c.now, createdBy: c.client.ID,
	}
	o.codes = append(o.codes, w)
	return ok(o.codeView(w))
}

func (o *Org) updateCode(c *call) (*reply, *fault) {
	w, flt := o.codeOf(c)
	if flt != nil {
		return nil, flt
	}
	in, flt := o.readCode(c, w.ID)
	if flt != nil {
		return nil, flt
	}
	w.Name, w.Description, w.modified = in.Name, in.Description, c.now
	return ok(o.codeView(w))
}

func (o *Org) getCode(c *call) (*reply, *fault) {
	w, flt := o.codeOf(c)
	if flt != nil {
		return nil, flt
	}
	return ok(o.codeView(w))
}

func (o *Org) deleteCode(c *call) (*reply, *fault) {
	w, flt := o.codeOf(c)
	if flt != nil {
		return nil, flt
	}
	o.codes = slices.DeleteFunc(o.codes, func(other *wrapupCode) bool { return other == w })
	for _, q := range o.queues {
		delete(q.codes, w.ID)
	}
	o.changed()
	return noContent()
}

// codeViews lists codes that fit, sorted by name. The name filter is a prefix, ignoring case.
func (o *Org) codeViews(c *call, fits func(w *wrapupCode) bool) []codeView {
	prefix, wanted := strings.ToLower(strings.TrimSuffix(c.r.URL.Query().Get("name"), "*")), ids(c, "id")
	out := []codeView{}
	for _, w := range o.codes {
		named := strings.HasPrefix(strings.ToLower(w.Name), prefix)
		if named && o.visible(w.created) && fits(w) && (len(wanted) == 0 || slices.Contains(wanted, w.ID)) {
			out = append(out, o.codeView(w))
		}
	}
	slices.SortFunc(out, func(a, b codeView) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out
}

func (o *Org) listCodes(c *call) (*reply, *fault) {
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	return ok(cut(p, o.codeViews(c, func(*wrapupCode) bool { return true })))
}

func (o *Org) listQueueCodes(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	const most = 500
	p, flt := pageOf(c, most)
	if flt != nil {
		return nil, flt
	}
	return ok(cut(p, o.codeViews(c, func(w *wrapupCode) bool { return q.codes[w.ID] })))
}

// addQueueCodes adds at most 100 codes and answers those that were named.
func (o *Org) addQueueCodes(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	list, flt := refs(c, "WrapUpCodeReference", writableEntity)
	if flt != nil {
		return nil, flt
	}
	out := []codeView{}
	for _, ref := range list {
		w := o.codeByID(ref.ID)
		if w == nil {
			return nil, fail(codeNoResource).entity(ref.ID)
		}
		out = append(out, o.codeView(w))
	}
	for _, ref := range list {
		q.codes[ref.ID] = true
	}
	return ok(out)
}

func (o *Org) deleteQueueCode(c *call) (*reply, *fault) {
	q, flt := o.queueOf(c)
	if flt != nil {
		return nil, flt
	}
	id, flt := pathID(c, "codeId")
	if flt != nil {
		return nil, flt
	}
	if !q.codes[id] {
		return nil, fail(codeNoResource).entity(id)
	}
	delete(q.codes, id)
	o.changed()
	return &reply{status: http.StatusOK}, nil
}
