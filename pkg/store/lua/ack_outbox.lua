-- Removes acknowledged entries from an outbox.
-- KEYS lease, outbox. ARGV owner, generation, ids. Returns how many were removed, -1 when the lease is lost.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return -1 end
local removed = 0
for a = 3, #ARGV do removed = removed + redis.call('XDEL', KEYS[2], ARGV[a]) end
return removed
