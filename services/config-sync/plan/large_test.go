package plan_test

import (
	"fmt"
	"testing"

	"engage.connector/services/config-sync/configmodel"
	"engage.connector/services/config-sync/desired"
	"engage.connector/services/config-sync/plan"
)

// BenchmarkUnchangedLargeCenter plans 30,000 users with 450,000 skills, 2,000 queues and 58,000 DNs of
// which nothing has changed.
func BenchmarkUnchangedLargeCenter(b *testing.B) {
	org := desired.Org{}
	for i := range 300 {
		org.Skills = append(org.Skills, desired.Skill{ID: fmt.Sprint(400 + i), Name: fmt.Sprint("skill", i)})
	}
	for i := range 30_000 {
		u := user(fmt.Sprint(100_000+i), fmt.Sprintf("agent%d@x.example", i))
		u.Skills = map[string]float64{}
		for k := range 15 {
			u.Skills[fmt.Sprint("skill", (i+k*19)%300)] = float64(k % 6)
		}
		org.Users = append(org.Users, u)
	}
	for i := range 2000 {
		var members []string
		for k := range 200 {
			members = append(members, org.Users[(i*15+k)%30_000].ID)
		}
		org.Queues = append(org.Queues, queue(fmt.Sprint(200_000+i), fmt.Sprint("VQ", i), members...))
	}
	for i := range 58_000 {
		id := fmt.Sprint(300_000 + i)
		org.DNs = append(org.DNs, desired.DN{ID: id, Switch: "S", Number: id, Type: configmodel.DNExtension})
	}
	applied := plan.Applied{}
	run(applied, plan.Build(tenant, org, applied, plan.Conditions{}))
	b.ReportAllocs()
	for b.Loop() {
		if p := plan.Build(tenant, org, applied, plan.Conditions{}); !p.Empty() {
			b.Fatalf("%d operations", len(p.Operations))
		}
	}
}
