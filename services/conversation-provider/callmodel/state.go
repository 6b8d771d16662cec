package callmodel

import (
	"maps"
	"slices"
)

// Changes names what changed since the last call of TakeChanges. What is named but no longer in
// the book is gone.
type Changes struct {
	Calls   []string
	DNs     []string
	Orphans []string
	Links   []string
}

// TakeChanges returns what changed and starts anew.
func (b *Book) TakeChanges() Changes {
	return Changes{Calls: take(b.dirtyCalls), DNs: take(b.dirtyDNs), Orphans: take(b.dirtyOrphans), Links: take(b.dirtyLinks)}
}

// take empties a set and returns what was in it, sorted. Most of the time nothing was.
func take(set map[string]struct{}) []string {
	if len(set) == 0 {
		return nil
	}
	names := slices.Sorted(maps.Keys(set))
	clear(set)
	return names
}

// Orphans returns the events that wait for the call of a ConnID; nil when none do.
func (b *Book) Orphans(conn string) *Orphans { return b.orphans[conn] }

// OrphanCount is the number of ConnIDs whose call is not known.
func (b *Book) OrphanCount() int { return len(b.orphans) }

// RestoreCall puts a call back that was kept elsewhere.
func (b *Book) RestoreCall(c *Call) {
	b.calls[c.UUID] = c
	b.index(c)
	for _, conn := range c.ConnIDs {
		b.indexConn(conn, c)
	}
	for _, link := range c.Links {
		b.byLink[link] = c.UUID
	}
	for _, p := range c.Parties {
		b.indexDN(p.DN, c.UUID)
	}
}

// RestoreDN puts a DN back.
func (b *Book) RestoreDN(d *DN) {
	b.dns[d.Number] = d
	for _, l := range d.Logins {
		b.noteDesk(l.Agent, d.Number)
	}
	if d.Heard.After(b.heard[d.Server]) {
		b.heard[d.Server] = d.Heard
	}
}

// RestoreOrphans puts waiting events back.
func (b *Book) RestoreOrphans(o *Orphans) { b.orphans[o.ConnID] = o }

// RestoreClosed puts the name of a finished call back.
func (b *Book) RestoreClosed(uuid string) { b.closed[uuid] = struct{}{} }
