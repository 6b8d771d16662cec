package review

import (
	"slices"
	"strings"

	"engage.connector/services/config-sync/plan"
)

// The reasons that depend on more than the operation.
const (
	reasonDrift   = "changed in the organization"
	reasonUnknown = "an earlier attempt had no answer"
)

// reasonTable says why an operation is planned: the first row that fits counts.
var reasonTable = []struct {
	action plan.Action
	when   func(b *builder, o plan.Operation, r plan.Record) bool // nil: always
	reason string
}{
	{plan.Create, func(b *builder, o plan.Operation, _ plan.Record) bool {
		return o.Kind == plan.Users && b.in.UserNames[strings.ToLower(o.Name)]
	}, "new in Engage; the organization has a user of this name, which is taken over"},
	{plan.Create, func(_ *builder, _ plan.Operation, r plan.Record) bool { return r.CloudID != "" }, "renamed in Engage; skills cannot be renamed in the organization"},
	{plan.Create, nil, "new in Engage"},
	{plan.EnsureSource, nil, "the events need a source"},
	{plan.DefaultSource, nil, "presence is to follow Engage"},
	{plan.ReadPresences, nil, "agent states need it"},
	{plan.Enable, returned, "in the synchronisation again"},
	{plan.Enable, nil, "enabled in Engage"},
	{plan.Disable, nil, "disabled in Engage"},
	{plan.Vacate, nil, "temporary, because names are exchanged"},
	{plan.Update, returned, "in the synchronisation again"},
	{plan.Update, nil, "changed in Engage"},
	{plan.Deactivate, nil, "left the synchronisation: deleted in Engage, outside the folders or without a valid address"},
	{plan.AddRoles, stillOpen, "not assigned yet"},
	{plan.AddRoles, nil, "became supervisor or agent in Engage"},
	{plan.SetSkills, nil, "changed in Engage"},
	{plan.DropSkills, loses(plan.LoseSkills), "the skill left Engage"},
	{plan.DropSkills, nil, "no longer assigned in Engage"},
	{plan.AddMembers, nil, "joined a group of the queue"},
	{plan.RemoveMembers, loses(plan.LoseUsers), "its user becomes inactive"},
	{plan.RemoveMembers, loses(plan.LoseQueues), "the queue left the synchronisation"},
	{plan.RemoveMembers, loses(plan.LoseEmptied), "left the groups of the queue, which loses all members"},
	{plan.RemoveMembers, nil, "left the groups of the queue"},
	{plan.AddCodes, nil, "every queue gets every code"},
	{plan.Adopt, nil, "created anew or renamed in Engage"},
	{plan.Remember, nil, "changed in Engage; the event side has to know"},
	{plan.Retire, nil, "left the synchronisation; it stays in the organization"},
	{plan.Forget, loses(plan.LoseExtensions), "left Engage"},
	{plan.Forget, nil, "no longer needed"},
}

func returned(_ *builder, _ plan.Operation, r plan.Record) bool { return r.Removed }

func stillOpen(_ *builder, o plan.Operation, r plan.Record) bool {
	return slices.ContainsFunc(o.Roles, func(role string) bool { return slices.Contains(r.OpenRoles, role) })
}

func loses(loss plan.Loss) func(*builder, plan.Operation, plan.Record) bool {
	return func(_ *builder, o plan.Operation, _ plan.Record) bool { return o.Loss == loss }
}

// reason is why an operation is planned.
func (b *builder) reason(o plan.Operation) string {
	r := b.in.Applied[o.Kind][o.ID]
	for _, row := range reasonTable {
		if row.action == o.Action && (row.when == nil || row.when(b, o, r)) {
			return row.reason
		}
	}
	return ""
}
