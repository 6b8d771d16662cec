// Package scenarios holds the calls that the lab's Engage site can play, as data.
//
// A scenario is a file of JSON lines, each a text/template of its own. The first line is the
// header: name, description, the number of agents that the call needs, and choices, from each
// of which one value is drawn per call ({{.Choice "hangup"}}). Every following line is one
// message, or nothing when its template comes out empty:
//
//	at          when: "+1s..3s" after the line before (a range is drawn per call), or "2s" after the start
//	link        call, vq, agent (T-Server events of that kind), stat (Stat Server) or mcp (recorder)
//	message     the message's Platform SDK name
//	attributes  its attributes; for stat: agent, status, actions, reasons; for mcp: agent, from and to (labels)
//	label       a name for the moment, unique in the file
//
// The last line, {"expect": ...}, is the truth: the parties that an EX organization has to show,
// with their times given by labels.
//
// Placeholders: .CallUUID .ConnID .ANI .DNIS .RoutingPoint .Switch .Disposition .Queue.Number
// .Agent.DN .Agent.LoginCode .Agent.EmployeeID, (.AgentAt 1).DN for further agents,
// {{.Party "x"}} for the PartyUUID of the party named x, {{.Choice "x"}}.
package scenarios

import (
	"embed"
	"io/fs"
)

//go:embed *.ndjson
var filesFS embed.FS

// Files returns the folder of the scenario files, *.ndjson.
func Files() fs.FS { return filesFS }
