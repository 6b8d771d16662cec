-- Removes acknowledged entries from an outbox.
-- KEYS lease, outbox, returned. ARGV owner, generation, ids. Returns how many were removed, -1 when the lease is lost.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return -1 end
local removed, returned = 0, redis.call('HLEN', KEYS[3]) > 0
for a = 3, #ARGV do
  removed = removed + redis.call('XDEL', KEYS[2], ARGV[a])
  if returned then removed = removed + redis.call('HDEL', KEYS[3], ARGV[a]) end
end
return removed
