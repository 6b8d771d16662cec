package configdb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// settle takes the operator's word for a field or else what the catalogue has; it returns what
// came into question when neither helps.
func (p *prober) settle(t table, field string, names []string, fits func(string) bool) []string {
	if p.names.get(field) != "" {
		return nil
	}
	if len(t.columns) == 0 && len(names) > 0 { // a table outside of the catalogue, such as a view with a name of its own
		p.names.set(field, names[0])
		return nil
	}
	found, candidates := t.pick(names, fits)
	if found == "" {
		return candidates
	}
	p.names.set(field, found)
	return nil
}

// settleOptional is settle for a column that may be missing, with a finding about it.
func (p *prober) settleOptional(t table, field, wanted string, names []string, fits func(string) bool) {
	source := FromCatalogue
	if p.names.get(field) != "" {
		source = FromOperator
	}
	candidates := p.settle(t, field, names, fits)
	if p.names.get(field) == "" {
		p.names.set(field, Absent)
	}
	f := Finding{Wanted: wanted, Source: source, Candidates: candidates}
	switch {
	case p.names.has(field):
		f.Name = t.name + "." + p.names.get(field)
	case source != FromOperator:
		f.Source = NotThere
	}
	p.note(f)
}

// columns settles the columns of documented tables whose names are not documented.
func (p *prober) columns(context.Context) error {
	person, _ := p.find(p.names.Person)
	p.settleOptional(person, "PersonEmail", "e-mail of a person", []string{"email_address", "email", "e_mail"}, contains([]string{"mail"}))
	dn, _ := p.find(p.names.DN)
	p.settleOptional(dn, "DNState", "state of a DN", []string{"state"}, contains([]string{"state"}))
	flex, _ := p.find(p.names.FlexProp)
	p.settleOptional(flex, "FlexPart", "part of a long annex value", []string{"part"}, contains([]string{"part", "seq", "piece", "chunk"}))
	return nil
}

// source tells who named a table.
func (p *prober) source(field string) Source {
	if p.opts.Names.get(field) != "" {
		return FromOperator
	}
	return FromCatalogue
}

// choose returns the table that the operator named, or the one of the usual name if it fits, or
// all that fit.
func (p *prober) choose(field, usual string, fits func(table) bool) []table {
	if name := p.names.get(field); name != "" {
		t, _ := p.find(name)
		return []table{t}
	}
	if t, ok := p.find(usual); ok && fits(t) {
		return []table{t}
	}
	return slices.DeleteFunc(slices.Clone(p.tables), func(t table) bool { return !fits(t) })
}

func tableNames(tables []table) []string {
	var out []string
	for _, t := range tables {
		out = append(out, t.name)
	}
	return out
}

// folder finds the folders: a table of named objects that have an owner or a parent, each with its
// type.
func (p *prober) folder(context.Context) error {
	const wanted, lookedFor = "folders", "a cfg_ table with dbid, name, a type, and the DBID and type of a parent"
	if !p.opts.Folders && p.names.Folder == "" && len(p.tables) == 0 {
		return nil
	}
	isFolder := func(t table) bool {
		id, kind := t.reference("parent")
		return t.has("dbid", "name") && id != "" && kind != ""
	}
	found := p.choose("Folder", "cfg_folder", isFolder)
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(t table) bool { return !strings.Contains(strings.ToLower(t.name), "fold") })
	}
	if len(found) != 1 {
		p.lackingFolders(wanted, lookedFor, tableNames(found), "folder")
		return nil
	}
	t := found[0]
	p.names.set("Folder", t.name)
	parent, parentType := t.reference("parent")
	owner, ownerType := t.reference("owner")
	p.settle(t, "FolderParent", []string{cmp.Or(parent, "parent_dbid")}, nil)
	p.settle(t, "FolderParentType", []string{cmp.Or(parentType, "parent_type")}, nil)
	p.settle(t, "FolderOwner", []string{cmp.Or(owner, "owner_dbid")}, nil)
	p.settle(t, "FolderOwnerType", []string{cmp.Or(ownerType, "owner_type")}, nil)
	p.settle(t, "FolderType", []string{"type", "folder_type", "object_type"}, contains([]string{"type"}, "parent", "owner", "custom", "class"))
	p.settleOptional(t, "FolderState", "state of a folder", []string{"state"}, contains([]string{"state"}))
	if !p.names.has("FolderParent", "FolderParentType", "FolderType") {
		p.lackingFolders(wanted, lookedFor, []string{t.name}, "folder_type", "folder_parent", "folder_parent_type")
		return nil
	}
	p.note(Finding{Wanted: wanted, Source: p.source("Folder"), Name: fmt.Sprintf("%s(%s, parent %s %s, owner %s %s)", t.name,
		p.names.FolderType, p.names.FolderParent, p.names.FolderParentType, p.names.FolderOwner, p.names.FolderOwnerType)})
	return nil
}

// lackingFolders is lacking for what only folder filtering needs.
func (p *prober) lackingFolders(wanted, lookedFor string, candidates []string, keys ...string) {
	if p.opts.Folders {
		p.lacking(wanted, lookedFor, candidates, keys...)
		return
	}
	p.note(Finding{Wanted: wanted, Candidates: candidates, Note: "not needed without folder filtering"})
}

// attributes finds the business attributes and their values: two tables, of which the second
// refers to the first.
func (p *prober) attributes(context.Context) error {
	if p.names.Enumerator == Absent || p.names.Value == Absent {
		p.note(Finding{Wanted: "business attributes", Source: FromOperator, Note: "none are read"})
		return nil
	}
	named := contains([]string{"enum", "attr"})
	refers := func(name string) bool { return named(name) && contains([]string{"dbid", "_id", "_ref"})(name) }
	ofValues := func(t table) bool {
		ref, _ := t.pick([]string{"enumerator_dbid"}, refers)
		return named(strings.ToLower(t.name)) && t.has("dbid", "name") && ref != ""
	}
	values := p.choose("Value", "cfg_enumerator_value", ofValues)
	enumerators := p.choose("Enumerator", "cfg_enumerator", func(t table) bool {
		return named(strings.ToLower(t.name)) && t.has("dbid", "name", "tenant_dbid") && !ofValues(t)
	})
	if len(values) != 1 || len(enumerators) != 1 {
		p.lacking("business attributes", "a cfg_ table with enum or attr in its name, and one for its values that refers to it",
			append(tableNames(enumerators), tableNames(values)...), "enumerator", "value")
		return nil
	}
	e, v := enumerators[0], values[0]
	p.names.set("Enumerator", e.name)
	p.names.set("Value", v.name)
	p.settle(e, "EnumeratorType", []string{"type", "enumerator_type"}, contains([]string{"type"}))
	p.settle(v, "ValueEnumerator", []string{"enumerator_dbid"}, refers)
	p.settleOptional(e, "EnumeratorState", "state of a business attribute", []string{"state"}, contains([]string{"state"}))
	p.settleOptional(v, "ValueState", "state of a business attribute's value", []string{"state"}, contains([]string{"state"}))
	p.settleOptional(v, "ValueDisplay", "display name of a business attribute's value", []string{"display_name"}, contains([]string{"disp", "caption"}))
	if !p.names.has("EnumeratorType", "ValueEnumerator") {
		p.lacking("business attributes", "the type of an attribute, and the attribute of a value", []string{e.name, v.name}, "enumerator_type", "value_enumerator")
		return nil
	}
	p.note(Finding{Wanted: "business attributes", Source: p.source("Enumerator"),
		Name: fmt.Sprintf("%s(%s), %s(%s)", e.name, p.names.EnumeratorType, v.name, p.names.ValueEnumerator)})
	return nil
}

// transaction finds the transactions; of several tables, the one that holds hybrid_integration.
func (p *prober) transaction(ctx context.Context) error {
	const wanted = "transactions"
	if p.names.Transaction == Absent {
		p.note(Finding{Wanted: wanted, Source: FromOperator, Note: "none are read"})
		return nil
	}
	typeNames, typeFits := []string{"type", "transaction_type"}, contains([]string{"type"}, "csid")
	found := p.choose("Transaction", "cfg_transaction", func(t table) bool {
		kind, _ := t.pick(typeNames, typeFits)
		return strings.Contains(strings.ToLower(t.name), "trans") && t.has("dbid", "tenant_dbid", "name") && kind != ""
	})
	if len(found) > 1 {
		found = slices.DeleteFunc(found, func(t table) bool {
			names := p.names
			names.Transaction = t.name
			names.TransactionType, _ = t.pick(typeNames, typeFits)
			n, err := p.count(ctx, sqlTransactionRows, names)
			return err != nil || n == 0
		})
	}
	if len(found) != 1 {
		p.lacking(wanted, "a cfg_ table with trans in its name, and dbid, tenant_dbid, name and a type", tableNames(found), "transaction")
		return nil
	}
	t := found[0]
	p.names.set("Transaction", t.name)
	candidates := p.settle(t, "TransactionType", typeNames, typeFits)
	if !p.names.has("TransactionType") {
		p.lacking(wanted, "the type of a transaction in "+t.name, candidates, "transaction_type")
		return nil
	}
	p.settleOptional(t, "TransactionState", "state of a transaction", []string{"state"}, contains([]string{"state"}))
	p.note(Finding{Wanted: wanted, Source: p.source("Transaction"), Name: t.name + "(" + p.names.TransactionType + ")"})
	return nil
}
