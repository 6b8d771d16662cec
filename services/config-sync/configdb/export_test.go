package configdb

import "slices"

// exampleNames stand for the names that a probe finds.
func exampleNames() Names {
	return Names{
		PersonEmail: "email_address", DNState: "state", FlexPart: "part", GroupType: "5",
		Folder: "cfg_folder", FolderType: "type", FolderParent: "parent_dbid", FolderParentType: "parent_type", FolderState: "state",
		FolderObject: "cfg_folder_object", LinkFolder: "folder_dbid", LinkObject: "object_dbid", LinkType: "object_type",
		Enumerator: "cfg_enumerator", EnumeratorType: "type", EnumeratorState: "state",
		Value: "cfg_enumerator_value", ValueEnumerator: "enumerator_dbid", ValueDisplay: "display_name", ValueState: "state",
		Transaction: "cfg_transaction", TransactionType: "type", TransactionState: "state",
		History: "cfg_hist_log", HistoryObject: "object_dbid", HistoryType: "object_type", HistoryTime: "changed_at",
	}.withDefaults()
}

// Statements returns every statement that a database of this type may be sent, with names as a
// probe could find them, and once more without what is optional where that makes a difference. It
// is empty for an unknown type.
func Statements(dbType string) []Statement {
	d, ok := dialectOf(dbType)
	if !ok {
		return nil
	}
	out := slices.DeleteFunc([]Statement{{"catalogue", d.catalogue}, {"transaction start", d.first}, {"snapshots allowed", d.snapshotAllowed}},
		func(s Statement) bool { return s.Text == "" })
	names := exampleNames()
	bare := names
	for _, f := range nameFields() {
		if f.optional && f.initial == "" && !slices.Contains([]string{"Enumerator", "Value", "Transaction", "History"}, f.field) {
			bare.set(f.field, Absent)
		}
	}
	full := renderer{names: names, schema: "ccadmin", placeholder: d.placeholder}
	least := renderer{names: bare, schema: full.schema, placeholder: d.placeholder}
	for _, t := range templates() {
		out = append(out, Statement{t.Name, full.render(t.Text)})
		if text := least.render(t.Text); text != full.render(t.Text) {
			out = append(out, Statement{t.Name + " (least)", text})
		}
	}
	return out
}
