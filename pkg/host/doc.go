// Package host is the life of a service: configuration from the environment, logging, metrics,
// health, the HTTP and gRPC listeners, background tasks and an orderly end. It knows no service
// and no outside system; a service hands in checks, handlers and tasks.
//
// The order is always the same. Load reads and checks the whole configuration at once. New binds
// the listeners. The service registers its handlers, tasks and clean-ups. Start serves. Stop turns
// the health page to 503, closes the listeners, ends the tasks and runs the clean-ups backwards.
package host
