// Package callmodel turns T-Library events into calls and their parties.
//
// The events come over three links (virtual queues, extensions, call monitoring). Each link keeps
// its own order; between links there is none, and everything may come twice or be reported again
// after a switchover. So the package keeps what was reported as facts with the server's time stamp:
// a fact is recorded once, whatever came before it, and a call's facts are read in the order of
// their time. Package conversation decides what they mean.
//
// The package is pure: no clock, no I/O. Its state is plain data, which survives JSON and its packed
// form. Times have microseconds, as those of the feed; what is finer is cut off where events come in.
package callmodel
