package vag

import (
	"fmt"
	"strconv"
)

type node interface {
	eval(agent Agent) Verdict
	String() string
}

// comparisonTable lists the operators, longer ones before their prefixes.
var comparisonTable = []string{">=", "<=", "!=", "=", ">", "<"}

var compareTable = map[string]func(a, b int) bool{
	"=":  func(a, b int) bool { return a == b },
	"!=": func(a, b int) bool { return a != b },
	">=": func(a, b int) bool { return a >= b },
	"<=": func(a, b int) bool { return a <= b },
	">":  func(a, b int) bool { return a > b },
	"<":  func(a, b int) bool { return a < b },
}

type connective struct {
	or          bool
	left, right node
}

// eval follows Kleene: an unknown side matters only when the other one does not decide alone.
func (c connective) eval(agent Agent) Verdict {
	decides := verdict(c.or)
	left := c.left.eval(agent)
	if left == decides {
		return decides
	}
	right := c.right.eval(agent)
	switch {
	case right == decides:
		return decides
	case left == Unknown || right == Unknown:
		return Unknown
	}
	return verdict(!c.or)
}

func (c connective) String() string {
	op := "&"
	if c.or {
		op = "|"
	}
	return fmt.Sprintf("(%s %s %s)", c.left, op, c.right)
}

type negation struct{ of node }

func (n negation) eval(agent Agent) Verdict {
	v := n.of.eval(agent)
	if v == Unknown {
		return Unknown
	}
	return verdict(v == No)
}

func (n negation) String() string { return "~(" + n.of.String() + ")" }

type comparison struct {
	op          string
	holds       func(a, b int) bool // what op means
	left, right operand
}

func (c comparison) eval(agent Agent) Verdict {
	return verdict(c.holds(c.left.value(agent), c.right.value(agent)))
}

func (c comparison) String() string { return c.left.String() + " " + c.op + " " + c.right.String() }

type operand struct {
	skill   string
	isSkill bool
	number  int
}

// value of a skill that the agent does not have is 0.
func (o operand) value(agent Agent) int {
	if !o.isSkill {
		return o.number
	}
	level, has := agent.SkillLevel(o.skill)
	if !has {
		return 0
	}
	return level
}

func (o operand) String() string {
	if !o.isSkill {
		return strconv.Itoa(o.number)
	}
	return `Skill("` + o.skill + `")`
}

type exists struct{ skill string }

func (e exists) eval(agent Agent) Verdict {
	_, has := agent.SkillLevel(e.skill)
	return verdict(has)
}

func (e exists) String() string { return `SkillExists("` + e.skill + `")` }

type loggedIn struct{ place string }

func (loggedIn) eval(Agent) Verdict { return Unknown }

func (l loggedIn) String() string { return `LoggedIn("` + l.place + `")` }
