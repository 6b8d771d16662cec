// Package packed is the form in which state is stored, and kept in memory while nothing happens to it.
//
// A value is a message: fields with numbers, in ascending order, without those that are zero. Numbers take
// few bytes, times are microseconds since the one before, texts that come again are written once. A type
// names its fields in one method that writes and reads them:
//
//	type Visit struct {
//		packed.Kept
//		DN   string
//		Left time.Time
//	}
//
//	func (v *Visit) Fields(f *packed.Form) {
//		f.Text(1, &v.DN)
//		f.Time(2, &v.Left)
//	}
//
// So a new field is one line with the next free number, and one line in the schema that the package's tests
// compare with testdata (see packedtest): a number that has been used is never given to anything else, and
// never changes its kind. A field that goes leaves its number behind.
//
// Values survive an upgrade and a rollback: fields that a version does not know are kept in Kept, at whatever
// depth, and written back. A value that was cut, changed or written in another form is an error; whoever
// reads it sets it aside and continues.
//
// Protobuf was the alternative. It keeps unknown fields too, but knows neither texts that come again nor
// times that are close together, and does not see that a value has been cut between two fields.
package packed
