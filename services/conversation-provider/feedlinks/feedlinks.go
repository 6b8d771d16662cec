// Package feedlinks says which links this service wants from the Engage edge: one for virtual
// queues, one for extensions, one for call monitoring (guide, "EXCP General Operating Principles":
// a dedicated SIP Server client for each type of events).
package feedlinks

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"engage.connector/pkg/directory"
	"engage.connector/pkg/engage"
	"engage.connector/pkg/host"
	configsyncv1 "engage.connector/proto/configsync/v1"
)

// Purpose is what a link is for; it is the link's name as well.
type Purpose string

// The purposes.
const (
	Queues Purpose = "vq"
	Agents Purpose = "agent"
	Calls  Purpose = "call"
)

// Link is one link to one SIP Server pair.
type Link struct {
	Name      string
	Purpose   Purpose
	Endpoints []string // the primary first
}

// ValidPrefix tells whether the names of links may begin with a text.
func ValidPrefix(prefix string) bool {
	const most = 32
	return len(prefix) <= most && strings.Trim(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

// Links makes the links of a purpose: one per pair. A second and further pair gets a number.
func Links(prefix string, purpose Purpose, pairs [][]string) []Link {
	links := make([]Link, len(pairs))
	for i, endpoints := range pairs {
		name := prefix + string(purpose)
		if i > 0 {
			name += "-" + strconv.Itoa(i+1)
		}
		links[i] = Link{Name: name, Purpose: purpose, Endpoints: endpoints}
	}
	return links
}

// ParsePairs reads primary1:port/backup1:port[,primary2:port/backup2:port...].
func ParsePairs(variable, text string) ([][]string, error) {
	var pairs [][]string
	var faults []error
	for pair := range strings.SplitSeq(text, ",") {
		endpoints := strings.Split(strings.TrimSpace(pair), "/")
		const most = 2
		if len(endpoints) > most {
			faults = append(faults, fmt.Errorf("%q has more than a primary and a backup", pair))
			continue
		}
		for i, endpoint := range endpoints {
			endpoints[i] = strings.TrimSpace(endpoint)
			if err := host.AddrFault(variable, endpoints[i]); err != nil {
				faults = append(faults, err)
			}
		}
		pairs = append(pairs, endpoints)
	}
	return pairs, errors.Join(faults...)
}

// registerTable says which DNs a link registers, and under which type.
var registerTable = map[Purpose]struct {
	dnType configsyncv1.DnType
	name   string
}{
	Queues: {configsyncv1.DnType_DN_TYPE_VIRTUAL_QUEUE, "VirtualQueue"},
	Agents: {configsyncv1.DnType_DN_TYPE_EXTENSION, "Extension"},
}

// Spec is the wanted state of a link. An empty switch name registers the DNs of all switches.
func Spec(link Link, snapshot *directory.Snapshot, switchName string) engage.LinkSpec {
	spec := engage.LinkSpec{Kind: engage.KindTServer, Endpoints: link.Endpoints, CallMonitoring: link.Purpose == Calls}
	wanted, ok := registerTable[link.Purpose]
	if !ok {
		return spec
	}
	for _, mapping := range snapshot.DirectoryNumbers(wanted.dnType) {
		if dn := mapping.GetDn(); switchName == "" || dn.GetSwitchName() == switchName {
			spec.Register = append(spec.Register, engage.Registration{DN: dn.GetNumber(), Type: wanted.name})
		}
	}
	return spec
}
