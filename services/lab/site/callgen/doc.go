// Package callgen plays calls on the lab's Engage site: it logs agents in, lets some of them take
// a break, and plays scenario files for free agents, on a clock that can run faster than the
// wall's. What is played follows from the seed alone; what was played is kept as the truth.
//
// Time stamps are those of the plan, so at any speed the events of a call are as far apart as
// the scenario says divided by the speed, however late a busy machine sends them.
package callgen
