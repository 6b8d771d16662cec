package vag

import "strings"

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenString
	tokenNumber
	tokenCompare
	tokenAnd
	tokenOr
	tokenNot
	tokenOpen
	tokenClose
)

// token is a lexical element; pos is its byte offset in the script.
type token struct {
	kind tokenKind
	text string
	pos  int
}

// punctuationTable lists the one-character elements.
var punctuationTable = map[byte]tokenKind{
	'&': tokenAnd, '|': tokenOr, '~': tokenNot, '(': tokenOpen, ')': tokenClose,
}

type lexer struct {
	src string
	pos int
}

func (l *lexer) next() (token, error) {
	l.skipSpace()
	if l.pos >= len(l.src) {
		return token{kind: tokenEnd, pos: l.pos}, nil
	}
	start, c := l.pos, l.src[l.pos]
	if kind, ok := punctuationTable[c]; ok {
		l.pos++
		return token{kind, string(c), start}, nil
	}
	switch {
	case c == '"':
		return l.quoted()
	case strings.IndexByte("=!<>", c) >= 0:
		return l.comparison()
	case isDigit(c) || c == '-':
		return l.number()
	case isLetter(c):
		for l.pos < len(l.src) && (isLetter(l.src[l.pos]) || isDigit(l.src[l.pos])) {
			l.pos++
		}
		return token{tokenName, l.src[start:l.pos], start}, nil
	}
	return token{}, syntaxf(start, "unexpected character %q", firstRune(l.src[start:]))
}

func (l *lexer) skipSpace() {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		l.pos++
	}
}

func (l *lexer) quoted() (token, error) {
	start := l.pos
	end := strings.IndexByte(l.src[start+1:], '"')
	if end < 0 {
		return token{}, syntaxf(start, "the quote is not closed")
	}
	l.pos = start + end + 2
	return token{tokenString, l.src[start+1 : start+1+end], start}, nil
}

func (l *lexer) comparison() (token, error) {
	start := l.pos
	for _, op := range comparisonTable {
		if strings.HasPrefix(l.src[start:], op) {
			l.pos += len(op)
			return token{tokenCompare, op, start}, nil
		}
	}
	return token{}, syntaxf(start, "unknown comparison %q", firstRune(l.src[start:]))
}

func (l *lexer) number() (token, error) {
	start := l.pos
	l.pos++
	for l.pos < len(l.src) && isDigit(l.src[l.pos]) {
		l.pos++
	}
	return token{tokenNumber, l.src[start:l.pos], start}, nil
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}
