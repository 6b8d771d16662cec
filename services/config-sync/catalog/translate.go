package catalog

import (
	configsyncv1 "engage.connector/proto/configsync/v1"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// kindTable translates the kinds of records.
var kindTable = map[plan.Kind]configsyncv1.MappingKind{
	plan.Users:     configsyncv1.MappingKind_MAPPING_KIND_USER,
	plan.Queues:    configsyncv1.MappingKind_MAPPING_KIND_QUEUE,
	plan.Skills:    configsyncv1.MappingKind_MAPPING_KIND_SKILL,
	plan.Codes:     configsyncv1.MappingKind_MAPPING_KIND_WRAPUP_CODE,
	plan.DNs:       configsyncv1.MappingKind_MAPPING_KIND_DN,
	plan.Source:    configsyncv1.MappingKind_MAPPING_KIND_SOURCE,
	plan.Presences: configsyncv1.MappingKind_MAPPING_KIND_PRESENCE,
}

// KindOf returns the kind that an ID map's name stands for.
func KindOf(name string) (configsyncv1.MappingKind, bool) {
	kind, ok := kindTable[plan.Kind(name)]
	return kind, ok
}

// Mappings translates what was applied into what is published: objects that exist on both sides,
// and DNs.
func Mappings(applied plan.Applied) []*configsyncv1.Mapping {
	var out []*configsyncv1.Mapping
	for kind, records := range applied {
		for id, r := range records {
			if !published(kind, r, records) {
				continue
			}
			out = append(out, &configsyncv1.Mapping{
				Kind: kindTable[kind], EngageId: id, CloudId: r.CloudID, EngageName: r.EngageName, CloudName: r.CloudName,
				Person: person(r.Person), Dn: dn(r.DN),
			})
		}
	}
	return out
}

// published tells whether the event side may use a record. An alias lives as long as its primary.
func published(kind plan.Kind, r plan.Record, records map[string]plan.Record) bool {
	switch kind {
	case plan.DNs:
		return r.Live()
	case plan.Intents:
		return false
	default:
	}
	if r.AliasOf != "" && !records[r.AliasOf].Live() {
		return false
	}
	return r.Live() && r.CloudID != ""
}

func person(p *desired.Person) *configsyncv1.Person {
	if p == nil {
		return nil
	}
	out := &configsyncv1.Person{EmployeeId: p.EmployeeID, Agent: p.Agent, Active: p.Active}
	for _, l := range p.Logins {
		out.Logins = append(out.Logins, &configsyncv1.AgentLogin{SwitchName: l.Switch, LoginCode: l.Code})
	}
	return out
}

func dn(d *desired.DN) *configsyncv1.Dn {
	if d == nil {
		return nil
	}
	// The numbers of the enumeration are those of CfgDNType.
	return &configsyncv1.Dn{SwitchName: d.Switch, Number: d.Number, Alias: d.Alias, Type: configsyncv1.DnType(d.Type)}
}
