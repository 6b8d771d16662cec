package desired

import (
	"math"
	"strconv"
	"strings"

	"engage.connector/services/config-sync/configmodel"
)

func (b *builder) skills() []Skill {
	var skills []Skill
	first := map[string]int{}
	b.skillName = map[configmodel.DBID]string{}
	for _, s := range b.snap.Skills {
		if s.State != configmodel.StateEnabled || !b.scope.Contains(configmodel.ObjectSkill, s.DBID) {
			continue
		}
		if strings.TrimSpace(s.Name) == "" {
			b.note(NoName, "skill", s.DBID.String(), s.Name, "has no name; not synchronised")
			continue
		}
		if at, taken := first[fold(s.Name)]; taken {
			b.collision("skill", s.DBID, s.Name, s.Name, skills[at].ID, skills[at].Name)
			skills[at].Aliases = append(skills[at].Aliases, Alias{ID: s.DBID.String(), Name: s.Name})
			b.skillName[s.DBID] = skills[at].Name
			continue
		}
		first[fold(s.Name)] = len(skills)
		b.skillName[s.DBID] = s.Name
		skills = append(skills, Skill{ID: s.DBID.String(), Name: s.Name})
	}
	return skills
}

// proficiencies returns the proficiency of every person in every skill in scope. When two skills
// share one object of the organization, the higher proficiency counts.
func (b *builder) proficiencies() map[configmodel.DBID]map[string]float64 {
	ranges := b.skillRanges()
	out := map[configmodel.DBID]map[string]float64{}
	for _, l := range b.snap.SkillLevels {
		name, mapped := b.skillName[l.SkillDBID]
		if !mapped {
			continue
		}
		if out[l.PersonDBID] == nil {
			out[l.PersonDBID] = map[string]float64{}
		}
		out[l.PersonDBID][name] = max(out[l.PersonDBID][name], ranges[l.SkillDBID].proficiency(l.Level))
	}
	return out
}

// skillRanges finds MIN and MAX of every skill over all configured persons, whatever their
// folder, and cuts them to the limits of the options.
func (b *builder) skillRanges() map[configmodel.DBID]levelRange {
	configured := map[configmodel.DBID]bool{}
	for _, p := range b.snap.Persons {
		configured[p.DBID] = p.State != configmodel.StateDeleted
	}
	ranges := map[configmodel.DBID]levelRange{}
	for _, l := range b.snap.SkillLevels {
		if !configured[l.PersonDBID] {
			continue
		}
		r, seen := ranges[l.SkillDBID]
		if !seen {
			r = levelRange{l.Level, l.Level}
		}
		ranges[l.SkillDBID] = levelRange{min(r.min, l.Level), max(r.max, l.Level)}
	}
	limits := b.skillLimits()
	for id, r := range ranges {
		ranges[id] = levelRange{limits.clamp(r.min), limits.clamp(r.max)}
	}
	return ranges
}

// levelRange is the range of a skill's level over all persons.
type levelRange struct{ min, max int }

func (r levelRange) clamp(level int) int { return min(max(level, r.min), r.max) }

// maxProficiency is the upper end of the organization's scale.
const maxProficiency = 5

// proficiency is 5 * level / (MAX - MIN), rounded to one decimal and kept within 0..5, which the
// guide's formula alone does not do. Where MAX = MIN the formula has no value; any positive level
// is then full proficiency and any other none, which is where the formula tends to.
func (r levelRange) proficiency(level int) float64 {
	switch {
	case level <= 0:
		return 0
	case r.max == r.min:
		return maxProficiency
	}
	p := maxProficiency * float64(level) / float64(r.max-r.min)
	return min(math.Round(p*10)/10, maxProficiency)
}

// skillLimits reads skill_level_min_value and skill_level_max_value; an absent one does not
// limit. Values that make no range are reported and ignored.
func (b *builder) skillLimits() levelRange {
	limits := levelRange{math.MinInt, math.MaxInt}
	b.limit("skill_level_min_value", &limits.min)
	b.limit("skill_level_max_value", &limits.max)
	if limits.min > limits.max {
		b.note(LimitsInvalid, "transaction", "", "skill_level_min_value", "is greater than skill_level_max_value; neither is applied")
		return levelRange{math.MinInt, math.MaxInt}
	}
	return limits
}

func (b *builder) limit(option string, bound *int) {
	text := strings.TrimSpace(b.snap.Options.Get(configmodel.SectionConfigSync, option))
	if text == "" {
		return
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.note(LimitsInvalid, "transaction", "", option, "is not an integer; not applied")
		return
	}
	*bound = n
}
