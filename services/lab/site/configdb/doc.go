// Package configdb generates the Config DB of the lab's Engage site.
//
// A center (tenant, switch, DNs, persons, skills, groups, folders, business attributes and the
// hybrid_integration transaction) is first built as plain rows from a seed and a number of
// agents, without any I/O, and then written to PostgreSQL or SQLite. The same seed and options
// give the same rows, byte for byte.
package configdb
