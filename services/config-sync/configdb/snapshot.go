package configdb

import (
	"context"
	"maps"

	"engage.connector/services/config-sync/configmodel"
)

// maxPasses bounds how often a snapshot is read when its parts do not fit together.
const maxPasses = 3

// Snapshot reads the tenant's configuration. Errors are faults: NotFound when the tenant does not
// exist, Unsupported when a table is not as expected, Unavailable when the database is not there.
//
// A database that does not let a transaction see one state may change between two statements. It
// then refers to objects that were not read yet or not any more; so the snapshot is read again
// until two readings in a row agree on what they refer to in vain.
func (d *DB) Snapshot(ctx context.Context) (configmodel.Snapshot, error) {
	var snap configmodel.Snapshot
	begin := d.opts.Now()
	reading := Reading{At: begin.UTC()}
	err := d.run(ctx, "configdb.snapshot", func(ctx context.Context, p *plan) error {
		d.mu.Lock()
		before := d.accepted
		d.mu.Unlock()
		for {
			var err error
			if snap, reading.Damaged, err = d.pass(ctx, p); err != nil {
				return err
			}
			reading.Passes++
			lost := danglingOf(snap)
			reading.Dangling = len(lost)
			if p.oneState.Load() || len(lost) == 0 || maps.Equal(lost, before) || reading.Passes == maxPasses {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.accepted = lost
				return nil
			}
			before = lost
		}
	})
	if err != nil {
		return configmodel.Snapshot{}, err
	}
	reading.Took = d.opts.Now().Sub(begin)
	d.read(ctx, snap, reading)
	return snap, nil
}

// pass reads the snapshot once.
func (d *DB) pass(ctx context.Context, p *plan) (configmodel.Snapshot, int, error) {
	var snap configmodel.Snapshot
	var damaged int
	err := d.transaction(ctx, p, func(r *reader) error {
		var err error
		snap, err = r.snapshot(d.opts.Tenant, d.opts.Folders)
		damaged = r.damaged
		return err
	})
	return snap, damaged, err
}

// read keeps and logs how the snapshot was read.
func (d *DB) read(ctx context.Context, snap configmodel.Snapshot, reading Reading) {
	d.mu.Lock()
	before := d.reading
	d.reading = reading
	d.mu.Unlock()
	if reading.Damaged > 0 && reading.Damaged != before.Damaged {
		d.log.WarnContext(ctx, "texts of the database cannot be read as they are", "texts", reading.Damaged)
	}
	d.log.DebugContext(ctx, "snapshot read", "persons", len(snap.Persons), "skills", len(snap.Skills), "dns", len(snap.DNs),
		"groups", len(snap.Groups), "passes", reading.Passes, "dangling", reading.Dangling, "took", reading.Took)
}

// reference is something that refers to an object.
type reference struct {
	from   string
	holder configmodel.DBID
	to     configmodel.DBID
}

// dangling are the references to objects that are not in the snapshot.
type dangling map[reference]struct{}

// danglingOf checks the references that are read by statements of their own.
func danglingOf(snap configmodel.Snapshot) dangling {
	persons, skills := map[configmodel.DBID]bool{}, map[configmodel.DBID]bool{}
	for _, p := range snap.Persons {
		persons[p.DBID] = true
	}
	for _, s := range snap.Skills {
		skills[s.DBID] = true
	}
	lost := dangling{}
	for _, l := range snap.SkillLevels {
		if !persons[l.PersonDBID] {
			lost[reference{"skill level of person", l.SkillDBID, l.PersonDBID}] = struct{}{}
		}
		if !skills[l.SkillDBID] {
			lost[reference{"skill of person", l.PersonDBID, l.SkillDBID}] = struct{}{}
		}
	}
	for _, g := range snap.Groups {
		for _, m := range g.Members {
			if !persons[m] {
				lost[reference{"member of group", g.DBID, m}] = struct{}{}
			}
		}
	}
	folders := map[configmodel.DBID]bool{}
	for _, f := range snap.Folders {
		folders[f.DBID] = true
	}
	for _, o := range snap.FolderObjects {
		if !folders[o.FolderDBID] {
			lost[reference{"folder of object", o.ObjectDBID, o.FolderDBID}] = struct{}{}
		}
	}
	return lost
}
