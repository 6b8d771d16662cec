package vag

import (
	"slices"
	"strconv"
	"strings"
)

type parser struct {
	lex   lexer
	tok   token
	facts facts
}

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) expect(kind tokenKind, what string) (token, error) {
	t := p.tok
	if t.kind != kind {
		return t, syntaxf(t.pos, "%s is missing", what)
	}
	return t, p.advance()
}

func (p *parser) expression(depth int) (node, error) {
	if depth > maxDepth {
		return nil, syntaxf(p.tok.pos, "nested deeper than %d", maxDepth)
	}
	left, err := p.term(depth)
	if err != nil {
		return nil, err
	}
	var previous tokenKind
	for p.tok.kind == tokenAnd || p.tok.kind == tokenOr {
		op := p.tok.kind
		p.facts.mixed = p.facts.mixed || previous != tokenEnd && previous != op
		previous = op
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.term(depth)
		if err != nil {
			return nil, err
		}
		left = connective{or: op == tokenOr, left: left, right: right}
	}
	return left, nil
}

func (p *parser) term(depth int) (node, error) {
	negated := false
	for p.tok.kind == tokenNot {
		negated = !negated
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	n, err := p.factor(depth)
	if err != nil || !negated {
		return n, err
	}
	return negation{n}, nil
}

func (p *parser) factor(depth int) (node, error) {
	if p.tok.kind == tokenOpen {
		if err := p.advance(); err != nil {
			return nil, err
		}
		n, err := p.expression(depth + 1)
		if err != nil {
			return nil, err
		}
		_, err = p.expect(tokenClose, `")"`)
		return n, err
	}
	return p.atom()
}

func (p *parser) atom() (node, error) {
	if p.tok.kind == tokenName {
		switch strings.ToLower(p.tok.text) {
		case "skillexists":
			name, err := p.call()
			p.noteSkill(name, err)
			return exists{name}, err
		case "loggedin":
			place, err := p.call()
			return loggedIn{place}, err
		}
	}
	return p.compare()
}

func (p *parser) compare() (node, error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	op, err := p.expect(tokenCompare, "a comparison such as >=")
	if err != nil {
		return nil, err
	}
	right, err := p.operand()
	return comparison{op: op.text, holds: compareTable[op.text], left: left, right: right}, err
}

func (p *parser) operand() (operand, error) {
	t := p.tok
	switch {
	case t.kind == tokenNumber:
		n, err := strconv.Atoi(t.text)
		if err != nil {
			return operand{}, syntaxf(t.pos, "%q is not an integer in range", t.text)
		}
		return operand{number: n}, p.advance()
	case t.kind == tokenName && strings.EqualFold(t.text, "skill"):
		name, err := p.call()
		p.noteSkill(name, err)
		return operand{skill: name, isSkill: true}, err
	case t.kind == tokenName:
		return operand{}, syntaxf(t.pos, "unknown function %q", t.text)
	}
	return operand{}, syntaxf(t.pos, "a function or an integer is missing")
}

// call reads name("argument") and returns the argument.
func (p *parser) call() (string, error) {
	if err := p.advance(); err != nil {
		return "", err
	}
	if _, err := p.expect(tokenOpen, `"("`); err != nil {
		return "", err
	}
	arg, err := p.expect(tokenString, "a quoted name")
	if err != nil {
		return "", err
	}
	_, err = p.expect(tokenClose, `")"`)
	return arg.text, err
}

func (p *parser) noteSkill(name string, err error) {
	if err == nil && !slices.Contains(p.facts.skills, name) {
		p.facts.skills = append(p.facts.skills, name)
	}
}
