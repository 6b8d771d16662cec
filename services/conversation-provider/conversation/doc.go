// Package conversation turns the facts of a call into the events of an EX conversation.
//
// The rules stand in one table (table.go): in which stage of the conversation which trigger leads
// to which events, in which order, and to which stage. Every row says where it comes from. The
// engine (machine.go) reads a call's facts in the order of their time, finds the first row that
// fits and leaves a Decision in the trace. A row may also say that it is too early to decide,
// because another link has not reported yet; the fact then waits for a bounded time.
//
// A call that the EX model cannot represent is ignored when it has not been injected yet. When it
// has, it goes into Monitoring Suspension: only communicationEnded is sent from then on (guide,
// chapter "Monitoring Suspension Mode").
//
// The package is pure: no clock, no I/O.
package conversation
