package org

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const patchSchema = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

type patchRequest struct {
	Schemas    []string         `json:"schemas"`
	Operations []patchOperation `json:"Operations"`
}

type patchOperation struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// patchSCIM works on the rendered user: operations change the document, then the document is taken over as a whole,
// with the same checks as a PUT.
func (o *Org) patchSCIM(c *call) (*reply, *fault) {
	u, flt := o.scimUserOf(c)
	if flt == nil {
		flt = ifMatch(c, u)
	}
	if flt != nil {
		return nil, flt
	}
	request, flt := decode[patchRequest](c.body, "ScimV2PatchRequest")
	if flt != nil || !slices.Contains(request.Schemas, patchSchema) || len(request.Operations) == 0 {
		return nil, scimFault(http.StatusBadRequest, "invalidSyntax", "no PatchOp with operations")
	}
	doc, flt := o.document(u)
	if flt != nil {
		return nil, flt
	}
	for i, op := range request.Operations {
		if err := doc.patch(op); err != nil {
			return nil, scimFault(http.StatusBadRequest, err.scimType, "operation %d: %s", i, err.detail)
		}
	}
	rendered, err := json.Marshal(doc)
	if err != nil {
		return nil, fail(codeInternal)
	}
	in, flt := decodeSCIM(rendered)
	if flt != nil {
		return nil, flt
	}
	return o.storeSCIM(c, u, in)
}

// document is a SCIM user as a tree.
type document map[string]any

func (o *Org) document(u *user) (document, *fault) {
	rendered, err := json.Marshal(o.scimView(u)) //nolint:gosec // the view never carries a password out
	if err != nil {
		return nil, fail(codeInternal)
	}
	var doc document
	if err := json.Unmarshal(rendered, &doc); err != nil {
		return nil, fail(codeInternal)
	}
	return doc, nil
}

type patchError struct{ scimType, detail string }

func invalid(scimType, format string, args ...any) *patchError {
	return &patchError{scimType: scimType, detail: fmt.Sprintf(format, args...)}
}

// patch applies one operation.
func (d document) patch(op patchOperation) *patchError {
	if !slices.Contains([]string{"add", "replace", "remove"}, op.Op) {
		return invalid("invalidSyntax", "op %q is none of add, replace, remove", clip(op.Op))
	}
	var value any
	if len(op.Value) > 0 {
		if err := json.Unmarshal(op.Value, &value); err != nil {
			return invalid("invalidSyntax", "value: %v", err)
		}
	}
	if op.Path == "" {
		return d.patchAll(op.Op, value)
	}
	if op.Op != "remove" && value == nil {
		return invalid("invalidValue", "%s needs a value", op.Op)
	}
	path, err := parsePath(op.Path)
	if err != nil {
		return err
	}
	return d.patchAt(op.Op, path, value)
}

// patchAll is an operation without path: its value is an object of attributes.
func (d document) patchAll(op string, value any) *patchError {
	object, isObject := value.(map[string]any)
	if !isObject || op == "remove" {
		return invalid("noTarget", "an operation without path needs an object and cannot remove")
	}
	for name, member := range object {
		path, err := parsePath(name)
		if err != nil {
			return err
		}
		if extension, isObject := member.(map[string]any); isObject && path.attribute == "" {
			for inner, v := range extension {
				if err := d.patchAt(op, scimPath{schema: path.schema, attribute: inner}, v); err != nil {
					return err
				}
			}
			continue
		}
		if err := d.patchAt(op, path, member); err != nil {
			return err
		}
	}
	return nil
}

// scimPath is schema:attribute[key eq "value"].sub.
type scimPath struct {
	schema, attribute, key, value, sub string
}

// readOnly are the attributes a client cannot write.
func readOnly() []string { return []string{"id", "meta", "groups", "schemas"} }

func parsePath(text string) (scimPath, *patchError) {
	var p scimPath
	rest := text
	for _, schema := range []string{scimCore, scimEnterprise2, scimGenesys} {
		if after, found := strings.CutPrefix(rest, schema); found {
			if schema != scimCore {
				p.schema = schema
			}
			rest = strings.TrimPrefix(after, ":")
		}
	}
	if head, tail, found := strings.Cut(rest, "["); found {
		condition, sub, closed := strings.Cut(tail, "]")
		parts := strings.SplitN(condition, " ", 3)
		if !closed || len(parts) != 3 || !strings.EqualFold(parts[1], "eq") {
			return p, invalid("invalidPath", "path %q", clip(text))
		}
		p.key, p.value, p.sub = parts[0], strings.Trim(parts[2], `"`), strings.TrimPrefix(sub, ".")
		rest = head
	} else if head, tail, found := strings.Cut(rest, "."); found {
		rest, p.sub = head, tail
	}
	p.attribute = rest
	if p.attribute == "" && p.schema == "" {
		return p, invalid("invalidPath", "path %q", clip(text))
	}
	if slices.Contains(readOnly(), p.attribute) {
		return p, invalid("mutability", "%s is read-only", p.attribute)
	}
	return p, nil
}

func (d document) patchAt(op string, p scimPath, value any) *patchError {
	holder := map[string]any(d)
	if p.schema != "" {
		inner, isObject := d[p.schema].(map[string]any)
		if !isObject {
			inner = make(map[string]any)
			d[p.schema] = inner
		}
		holder = inner
	}
	if p.attribute == "" {
		return replaceExtension(op, holder, value)
	}
	if p.key != "" {
		return patchMembers(op, holder, p, value)
	}
	if p.sub != "" {
		inner, isObject := holder[p.attribute].(map[string]any)
		if !isObject {
			inner = make(map[string]any)
			holder[p.attribute] = inner
		}
		return patchValue(op, inner, p.sub, value)
	}
	return patchValue(op, holder, p.attribute, value)
}

// replaceExtension is a path that names a whole extension.
func replaceExtension(op string, holder map[string]any, value any) *patchError {
	if op == "remove" {
		clear(holder)
		return nil
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		return invalid("invalidValue", "an extension is an object")
	}
	for name, member := range object {
		if err := patchValue(op, holder, name, member); err != nil {
			return err
		}
	}
	return nil
}

// patchValue sets, extends or removes one attribute. Adding to a list replaces its member of the same name or value.
func patchValue(op string, holder map[string]any, name string, value any) *patchError {
	existing, isList := holder[name].([]any)
	added, addsList := value.([]any)
	switch {
	case op == "remove" && addsList && isList: // remove only the given members
		holder[name] = slices.DeleteFunc(existing, func(member any) bool { return indexOf(added, member) >= 0 })
	case op == "remove":
		delete(holder, name)
	case op == "add" && isList && addsList:
		for _, member := range added {
			if at := indexOf(existing, member); at >= 0 {
				existing[at] = member
			} else {
				existing = append(existing, member)
			}
		}
		holder[name] = existing
	default:
		holder[name] = value
	}
	return nil
}

// indexOf finds a member by its name, else by its value (and authority).
func indexOf(list []any, member any) int {
	wanted, isObject := member.(map[string]any)
	return slices.IndexFunc(list, func(candidate any) bool {
		have, ok := candidate.(map[string]any)
		if !ok || !isObject {
			return false
		}
		if wanted["name"] != nil {
			return have["name"] == wanted["name"]
		}
		return have["value"] == wanted["value"] && have["authority"] == wanted["authority"]
	})
}

// patchMembers changes the members of a list that a condition selects.
func patchMembers(op string, holder map[string]any, p scimPath, value any) *patchError {
	list, _ := holder[p.attribute].([]any)
	selected := func(member any) bool {
		object, isObject := member.(map[string]any)
		return isObject && fmt.Sprint(object[p.key]) == p.value
	}
	if !slices.ContainsFunc(list, selected) {
		return invalid("noTarget", "no member of %s with %s %s", p.attribute, clip(p.key), clip(p.value))
	}
	if op == "remove" && p.sub == "" {
		holder[p.attribute] = slices.DeleteFunc(list, selected)
		return nil
	}
	for i, member := range list {
		object, isObject := member.(map[string]any)
		if !isObject || !selected(member) {
			continue
		}
		if p.sub == "" {
			list[i] = value
			continue
		}
		if err := patchValue(op, object, p.sub, value); err != nil {
			return err
		}
	}
	return nil
}
