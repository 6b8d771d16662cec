// Package feed is the lab's Engage edge: it stands where a Platform SDK bridge would stand and
// serves the Engage feed, version 1, over HTTP.
//
// Clients declare links; whatever the lab's servers publish is put into the bounded ring of every
// link that asked for it and streamed from there, so a client that comes back with its last
// cursor misses nothing that is still held. The edge also keeps what a real server would report
// again (running calls, who is logged in where, the value of each statistic).
package feed
