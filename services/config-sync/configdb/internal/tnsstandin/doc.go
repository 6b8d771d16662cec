// Package tnsstandin is a server for tests that speaks just enough of Oracle Net and of the
// two-task protocol above it for the Oracle driver to log in, to run SELECTs with bound values and
// to read rows. Statements are executed by a PostgreSQL server, so that results are real; only
// what the wire and the database itself do differently is imitated: names in upper case, no empty
// text, numbers and dates in Oracle's own form, rows fetched in portions, Oracle's error codes.
//
// It proves the driver, the connection settings, binding and scanning. It proves nothing about
// the grammar of a statement, which the grammar gate checks, nor about character sets. The
// password exchange is not verified: any password is accepted for a known user.
package tnsstandin
