// Package vag parses and evaluates the script of a virtual agent group: annex section "virtual",
// option "script" (Real-Time Metrics Engine guide, "Supported Virtual Agent Group Definitions").
//
//	expression = term { ( "&" | "|" ) term }
//	term       = { "~" } ( "(" expression ")" | atom )
//	atom       = operand comparison operand | SkillExists("name") | LoggedIn("queue@switch")
//	operand    = Skill("name") | integer
//
// "&" and "|" have the same rank and are read from left to right; parentheses decide otherwise.
// A skill that the agent does not have counts as level 0 in a comparison.
package vag

import "fmt"

// maxDepth bounds the nesting of a script, so that a damaged one cannot exhaust the stack.
const maxDepth = 200

// Error is a script that cannot be read. Pos is the byte offset of the offending element.
type Error struct {
	Pos int
	Msg string
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("position %d: %s", e.Pos, e.Msg) }

func syntaxf(pos int, format string, args ...any) *Error {
	return &Error{Pos: pos, Msg: fmt.Sprintf(format, args...)}
}

// Agent answers what a script asks about one agent.
type Agent interface {
	// SkillLevel returns the level of the named skill and whether the agent has it.
	SkillLevel(name string) (level int, has bool)
}

// Verdict is the answer of a script for one agent.
type Verdict int

// The verdicts. Unknown means that the answer hangs on a LoggedIn, which the configuration alone
// cannot tell.
const (
	No Verdict = iota
	Yes
	Unknown
)

// String returns the verdict's name.
func (v Verdict) String() string { return [...]string{"no", "yes", "unknown"}[v] }

func verdict(b bool) Verdict {
	if b {
		return Yes
	}
	return No
}

// Script is a parsed script.
type Script struct {
	root  node
	facts facts
}

// facts are what a reader wants to know of a script before evaluating it.
type facts struct {
	skills []string
	mixed  bool
}

// Parse reads a script. The error is an *Error.
func Parse(script string) (*Script, error) {
	p := &parser{lex: lexer{src: script}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokenEnd {
		return nil, syntaxf(p.tok.pos, "unexpected %q after the expression", p.tok.text)
	}
	return &Script{root: root, facts: p.facts}, nil
}

// Evaluate tells whether the agent belongs to the group, in three-valued logic.
func (s *Script) Evaluate(agent Agent) Verdict { return s.root.eval(agent) }

// Skills returns the names of the skills that the script refers to, each once.
func (s *Script) Skills() []string { return s.facts.skills }

// Mixed tells whether "&" and "|" stand side by side without parentheses: the author may have
// meant another order than left to right.
func (s *Script) Mixed() bool { return s.facts.mixed }

// String returns the script in canonical form with all parentheses written.
func (s *Script) String() string { return s.root.String() }
