// Package deskfeed says which DNs are registered at T-Servers, for centers whose agent states do not come
// from a Stat Server.
package deskfeed

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

// linkName is the name of the links at the edge; the second and further ones have a number.
const linkName = "agent-states"

// Link is the link to one T-Server pair.
type Link struct {
	Name      string
	Switch    string   // "" for all switches
	Endpoints []string // the primary first
}

// Parse reads [SWITCH=]primary:port/backup:port, several pairs separated by commas. The error lists every
// fault.
func Parse(variable, text string) ([]Link, error) {
	var links []Link
	var faults []error
	for group := range strings.SplitSeq(text, ",") {
		switchName, pair, named := strings.Cut(group, "=")
		if !named {
			switchName, pair = "", group
		}
		link := Link{Name: linkName, Switch: strings.TrimSpace(switchName)}
		if len(links) > 0 {
			link.Name += "-" + strconv.Itoa(len(links)+1)
		}
		if named && link.Switch == "" {
			faults = append(faults, fmt.Errorf("%q names no switch", group))
		}
		for endpoint := range strings.SplitSeq(pair, "/") {
			endpoint = strings.TrimSpace(endpoint)
			if err := host.AddrFault(variable, endpoint); err != nil {
				faults = append(faults, err)
			}
			link.Endpoints = append(link.Endpoints, endpoint)
		}
		const most = 2
		if len(link.Endpoints) > most {
			faults = append(faults, fmt.Errorf("%q has more than a primary and a backup", group))
		}
		links = append(links, link)
	}
	if len(links) > 1 {
		for _, link := range links {
			if link.Switch == "" {
				faults = append(faults, errors.New("several pairs need the names of their switches"))
				break
			}
		}
	}
	return links, errors.Join(faults...)
}

// Spec is the wanted state of a link: the extensions of its switch, where agents log in.
func Spec(link Link, snapshot *directory.Snapshot) engage.LinkSpec {
	spec := engage.LinkSpec{Kind: engage.KindTServer, Endpoints: link.Endpoints}
	for _, mapping := range snapshot.DirectoryNumbers(configsyncv1.DnType_DN_TYPE_EXTENSION) {
		if dn := mapping.GetDn(); link.Switch == "" || dn.GetSwitchName() == link.Switch {
			spec.Register = append(spec.Register, engage.Registration{DN: dn.GetNumber(), Type: "Extension"})
		}
	}
	return spec
}
