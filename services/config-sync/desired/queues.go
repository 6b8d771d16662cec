package desired

import (
	"fmt"
	"slices"
	"strings"

	"engage.connector/services/config-sync/configmodel"
)

// DefaultQueueSuffix is the value of GC_QUEUE_NAME_SUFFIX that the guide prescribes.
const DefaultQueueSuffix = "-Engage-external"

// nameSeparator joins the parts of a queue's name.
const nameSeparator = "__"

// timeLayout is the guide's hh:mm:ss MM/DD/YYYY.
const timeLayout = "15:04:05 01/02/2006"

func (b *builder) queues() []Queue {
	var queues []Queue
	first := map[string]int{}
	for _, d := range b.snap.DNs {
		if !b.isQueue(d.Type) || !b.dnInScope(d) {
			continue
		}
		dn := dnOf(d)
		name := queueName(d, b.opts.QueueSuffix)
		if at, taken := first[fold(name)]; taken {
			b.collision("dn", d.DBID, d.Number, name, queues[at].ID, queues[at].Name)
			queues[at].Aliases = append(queues[at].Aliases, Alias{ID: dn.ID, Name: d.Number, DN: &dn})
			continue
		}
		first[fold(name)] = len(queues)
		queues = append(queues, Queue{
			ID: dn.ID, Name: name, Description: description(b.opts.TenantLabel, d), PeerID: dn.ID, DN: dn,
		})
	}
	return queues
}

// dns lists the DNs that the event side must know although the organization has no object for
// them: extensions, routing points and whatever queue type is not mapped.
func (b *builder) dns() []DN {
	var dns []DN
	for _, d := range b.snap.DNs {
		if !b.isQueue(d.Type) && b.dnInScope(d) {
			dns = append(dns, dnOf(d))
		}
	}
	return dns
}

func (b *builder) isQueue(t configmodel.DNType) bool {
	if len(b.opts.QueueTypes) == 0 {
		return t == configmodel.DNVirtualQueue
	}
	return slices.Contains(b.opts.QueueTypes, t)
}

func (b *builder) dnInScope(d configmodel.DN) bool {
	return d.State == configmodel.StateEnabled && d.Number != "" && b.scope.Contains(configmodel.ObjectDN, d.DBID)
}

func dnOf(d configmodel.DN) DN {
	return DN{ID: d.DBID.String(), Switch: d.SwitchName, Number: d.Number, Alias: d.Name, Type: d.Type}
}

// queueName is <DN>__<SWITCH>__Engage-external. The guide's value of the suffix begins with a
// hyphen and its example of the name with two underscores: the example wins, whichever separator
// the value begins with.
func queueName(d configmodel.DN, suffix string) string {
	if suffix == "" {
		suffix = DefaultQueueSuffix
	}
	return strings.Join([]string{d.Number, d.SwitchName, strings.TrimLeft(suffix, "-_")}, nameSeparator)
}

func description(tenant string, d configmodel.DN) string {
	text := fmt.Sprintf("Engage Reference: %s-%s-%s;", tenant, d.SwitchName, d.Number)
	if !d.LastModified.IsZero() {
		text += " Last modified: " + d.LastModified.UTC().Format(timeLayout) + ";"
	}
	return text
}
