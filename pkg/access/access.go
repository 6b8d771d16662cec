// Package access decides who may do what at a service's HTTP and gRPC interfaces: names, secrets and
// roles, from a token, from a file of credentials that may change at any time, or from a client
// certificate. It is closed: whoever shows nothing may do nothing.
package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Role is one right. Nobody has a right by having another one.
type Role string

// The roles.
const (
	Read     Role = "read"     // see what the service knows and does, without telephone numbers
	Write    Role = "write"    // retry, approve, clear: everything that changes something
	Numbers  Role = "numbers"  // see telephone numbers in what may be read
	Metadata Role = "metadata" // hand in recording metadata, as MCP does
)

// Roles lists all roles.
func Roles() []Role { return []Role{Read, Write, Numbers, Metadata} }

// Identity is who a caller turned out to be.
type Identity struct {
	Name  string // as audited
	Roles []Role
}

// May tells whether the caller has a role.
func (i Identity) May(role Role) bool { return slices.Contains(i.Roles, role) }

type identityKey struct{}

// With returns a context that knows the caller.
func With(ctx context.Context, who Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, who)
}

// From returns the caller of a request; one without roles when nobody was asked for a name.
func From(ctx context.Context) Identity {
	who, _ := ctx.Value(identityKey{}).(Identity)
	return who
}

// Credential is who may come in with which secret.
type Credential struct {
	who    Identity
	secret [sha256.Size]byte // its hash
	any    bool              // with whatever name
}

const (
	// maxFile is the largest file of credentials that is read, in bytes.
	maxFile = 1 << 20
	// minSecret is the shortest secret that is accepted, in bytes.
	minSecret = 12
	// hashedPrefix marks a secret of which only the SHA-256 stands in the file.
	hashedPrefix = "sha256:"
	// lookAgain is how often at most the file is looked at.
	lookAgain = time.Second
)

// Parse reads a file of credentials: a line each, NAME ROLE[,ROLE...] SECRET, blank lines and lines
// that begin with # aside. SECRET may be sha256: and the hash in hex. Each fault names its line and
// never repeats a secret.
func Parse(r io.Reader) ([]Credential, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("is larger than %d bytes", maxFile)
	}
	var (
		all    []Credential
		faults []error
	)
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		text := strings.TrimSpace(line)
		if text == "" || text[0] == '#' {
			continue
		}
		c, err := parseLine(text)
		if err == nil && slices.ContainsFunc(all, func(known Credential) bool { return known.who.Name == c.who.Name && known.secret == c.secret }) {
			err = errors.New("repeats an earlier line")
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		all = append(all, c)
	}
	return all, errors.Join(faults...)
}

func parseLine(text string) (Credential, error) {
	fields := strings.Fields(text)
	if len(fields) != 3 {
		return Credential{}, errors.New("not of the form NAME ROLE,ROLE SECRET")
	}
	c := Credential{who: Identity{Name: fields[0]}}
	for name := range strings.SplitSeq(fields[1], ",") {
		if !slices.Contains(Roles(), Role(name)) {
			return Credential{}, fmt.Errorf("%q is not a role; write read, write, numbers or metadata", name)
		}
		c.who.Roles = append(c.who.Roles, Role(name))
	}
	hash, hashed := strings.CutPrefix(fields[2], hashedPrefix)
	if !hashed {
		if len(fields[2]) < minSecret {
			return Credential{}, fmt.Errorf("the secret is shorter than %d characters", minSecret)
		}
		c.secret = sha256.Sum256([]byte(fields[2]))
		return c, nil
	}
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != sha256.Size {
		return Credential{}, errors.New("the text behind sha256: is not 64 hex digits")
	}
	c.secret = [sha256.Size]byte(sum)
	return c, nil
}

// Options of a Gate.
type Options struct {
	// Token is a secret whose holder has every role; empty for none.
	Token string
	// File is the path of a file of credentials, see Parse; empty for none. It is read again when it
	// has changed, so secrets are exchanged without a restart.
	File string
	Now  func() time.Time
	// Failed is told when the file, which could be read at the start, cannot be any more. What was
	// read before stays in force.
	Failed func(error)
}

// Gate knows the credentials that are in force. It is safe for concurrent use.
type Gate struct {
	opts Options

	mu       sync.Mutex
	fixed    []Credential
	fromFile []Credential
	lookedAt time.Time
	version  fileVersion
}

// fileVersion tells one content of a file from another without reading it.
type fileVersion struct {
	modified time.Time
	size     int64
}

// New reads the credentials. The error says what is wrong with the file.
func New(opts Options) (*Gate, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Failed == nil {
		opts.Failed = func(error) {}
	}
	g := &Gate{opts: opts}
	if opts.Token != "" {
		g.fixed = []Credential{{who: Identity{"token", Roles()}, secret: sha256.Sum256([]byte(opts.Token)), any: true}}
	}
	if opts.File != "" {
		if err := g.read(); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Configured tells whether anybody can get in.
func (g *Gate) Configured() bool { return g.opts.Token != "" || g.opts.File != "" }

// Bearer finds whose secret a token is.
func (g *Gate) Bearer(token string) (Identity, bool) { return g.find("", token) }

// Basic checks a name and its secret. The token of Options goes with any name.
func (g *Gate) Basic(name, secret string) (Identity, bool) { return g.find(name, secret) }

// find compares with every credential, in the same time wherever the right one stands. An empty name
// is any.
func (g *Gate) find(name, secret string) (Identity, bool) {
	given := sha256.Sum256([]byte(secret))
	var found Identity
	ok := false
	for _, c := range g.current() {
		same := subtle.ConstantTimeCompare(given[:], c.secret[:]) == 1
		if same && (name == "" || name == c.who.Name || c.any) && !ok {
			found, ok = c.who, true
		}
	}
	return found, ok
}

func (g *Gate) current() []Credential {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.opts.File != "" && g.opts.Now().Sub(g.lookedAt) >= lookAgain {
		if err := g.read(); err != nil {
			g.opts.Failed(err)
		}
	}
	return append(slices.Clip(g.fixed), g.fromFile...)
}

// read takes over the file when it has changed.
func (g *Gate) read() error {
	g.lookedAt = g.opts.Now()
	info, err := os.Stat(g.opts.File)
	if err != nil {
		return fmt.Errorf("the file of credentials: %w", err)
	}
	version := fileVersion{info.ModTime(), info.Size()}
	if version == g.version {
		return nil
	}
	f, err := os.Open(g.opts.File)
	if err != nil {
		return fmt.Errorf("the file of credentials: %w", err)
	}
	defer func() { _ = f.Close() }()
	read, err := Parse(f)
	if err != nil {
		return fmt.Errorf("the file of credentials %s: %w", g.opts.File, err)
	}
	g.fromFile, g.version = read, version
	return nil
}
