package conversation

// DNKind is what a directory number is configured as.
type DNKind string

// The kinds of directory numbers that the rules tell apart.
const (
	DNUnknown      DNKind = "" // no DN of the switch that the connector knows
	DNExtension    DNKind = "extension"
	DNRoutingPoint DNKind = "routing point"
	DNVirtualQueue DNKind = "virtual queue"
	DNOther        DNKind = "other" // ACD queue, routing queue
)

// Directory says what Engage names mean in the EX org. Its answers change with Refresh only: what a
// row asked before it sends an event still holds when the event is written.
type Directory interface {
	// Refresh takes over what has changed meanwhile.
	Refresh()
	// DNKind returns what a DN is configured as.
	DNKind(number string) DNKind
	// Queue returns the EX queue of a virtual queue; false when it is not mapped.
	Queue(number string) (id string, ok bool)
	// User returns the EX user of a login code; false when the agent is not in the sync-scope.
	User(login string) (id string, ok bool)
	// WrapUpCode returns the id of a disposition value; false when it is not mapped.
	WrapUpCode(name string) (id string, ok bool)
	// SourceID returns the id of the source that all events name.
	SourceID() string
}
