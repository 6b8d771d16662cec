-- Moves entries from an outbox to its parked ones, with the reason. Entries no longer in the outbox are passed over.
-- KEYS lease, outbox, parked. ARGV owner, generation, time, bound, then per entry id and reason.
-- Returns {moved, dropped}: above the bound the oldest parked ones go; {-1} when the lease is lost.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return {-1} end
local outbox, parked = KEYS[2], KEYS[3]
local now = text(clock(ARGV[3]))
local before, moved = redis.call('XLEN', parked), 0
for a = 5, #ARGV, 2 do
  local found = redis.call('XRANGE', outbox, ARGV[a], ARGV[a])
  if found[1] then
    local f = found[1][2]
    redis.call('XDEL', outbox, ARGV[a])
    redis.call('XADD', parked, 'MAXLEN', '=', ARGV[4], '*',
      f[1], f[2], f[3], f[4], 'o', ARGV[a], 'r', ARGV[a + 1], 'a', now)
    moved = moved + 1
  end
end
return {moved, before + moved - redis.call('XLEN', parked)}
