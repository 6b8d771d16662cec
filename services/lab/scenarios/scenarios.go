// Package scenarios holds the calls that the lab's Engage site can play, as data.
//
// A scenario is a file of JSON lines, each a text/template of its own. The first line is the
// header: name, description, the number of agents and of Virtual Queues that the call needs, its
// weight among the calls that are played (0: none), and choices, from each of which one value is
// drawn per call ({{.Choice "hangup"}}). Every following line is one message, or nothing when its
// template comes out empty:
//
//	at          when: "+1s..3s" after the line before (a range is drawn per call), or "2s" after the start
//	link        call, vq, agent (T-Server events of that kind), stat (Stat Server) or mcp (recorder)
//	message     the message's Platform SDK name
//	attributes  its attributes; for stat: agent, status, actions (numbers, or {"number", "call"} for one of a
//	            further call), reasons; for mcp: agent, from and to (labels)
//	label       a name for the moment, unique in the file
//
// The last line, {"expect": ...}, is the truth: the parties as an EX organization has to show them,
// with their times given by labels, and which segments are recorded:
//
//	parties     kind, dn, agent or queue, start, answered, end, holds; hungUp: the party ended the call;
//	            handedOn: it left by a transfer; invitedBy: the DN of the agent who consulted it;
//	            disposition: what the agent named; hidden: it took part and must not be shown
//	recordings  the labels of all mcp lines
//	hidden      "internal" for a call that must not be shown at all; its parties are those it really had
//	ani, dnis   the numbers, where they are not those of a customer who calls
//
// Placeholders: .CallUUID .ConnID .ANI (the customer's number) .DNIS .Outside (another outside number)
// .RoutingPoint .Switch .Disposition .Queue.Number .Agent.DN .Agent.LoginCode .Agent.EmployeeID;
// (.AgentAt 1).DN, (.QueueAt 1).Number and .DispositionAt 1 for further agents and queues, of which the
// second agent is a member of the second queue; {{.CallUUIDOf "x"}} and {{.ConnIDOf "x"}} for a further
// call named x; {{.Party "x"}} for the PartyUUID of the party named x; {{.Choice "x"}}.
package scenarios

import (
	"embed"
	"io/fs"
)

//go:embed *.ndjson
var filesFS embed.FS

// Files returns the folder of the scenario files, *.ndjson.
func Files() fs.FS { return filesFS }
