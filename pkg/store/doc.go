// Package store is the connector's durable middle: everything that must survive a crash or be
// shared between instances lives in Redis, and only this package knows how. It offers
//
//   - Pipeline: an append-once log, the state derived from it, and outboxes, for the way from an
//     event to the cloud (design, section 4);
//   - Lease: the one writer of a tenant, with a generation that fences off its predecessors;
//   - JobQueue: work that any instance may do, with leases, retries and parking;
//   - IDMap and documents: what config-sync knows about the mapping of the two sides.
//
// Each change of more than one key is one Lua script: it happens as a whole or not at all. All keys
// of a store carry {tenant} as their hash tag, so a script meets one slot of a Redis Cluster. Needs
// Redis 6.0 or newer (standalone, Sentinel or Cluster) with AOF switched on; without persistence a
// restart of Redis loses what is under way. The eviction policy must be noeviction.
//
// All errors are *fault.Error: Unavailable and Timeout when Redis cannot be reached or does not
// answer, Conflict when a lease or a claim is lost, RateLimited when a bound is reached.
package store
