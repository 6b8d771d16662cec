-- Moves entries from an outbox to its parked ones, with the reason. Entries no longer in the outbox are passed over.
-- KEYS lease, outbox, parked, returned. ARGV owner, generation, time, bound, then per entry id and reason.
-- Returns {moved, dropped}: above the bound the oldest parked ones go; {-1} when the lease is lost.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return {-1} end
local outbox, parked = KEYS[2], KEYS[3]
local now = text(clock(ARGV[3]))
local before, moved = redis.call('XLEN', parked), 0
for a = 5, #ARGV, 2 do
  local key, payload
  local found = redis.call('XRANGE', outbox, ARGV[a], ARGV[a])
  if found[1] then
    key, payload = found[1][2][2], found[1][2][4]
    redis.call('XDEL', outbox, ARGV[a])
  else
    local back = redis.call('HGET', KEYS[4], ARGV[a])
    if back then
      local colon = string.find(back, ':', 1, true)
      local ends = colon + tonumber(string.sub(back, 1, colon - 1))
      key, payload = string.sub(back, colon + 1, ends), string.sub(back, ends + 1)
      redis.call('HDEL', KEYS[4], ARGV[a])
    end
  end
  if key then
    redis.call('XADD', parked, 'MAXLEN', '=', ARGV[4], '*',
      'k', key, 'v', payload, 'o', ARGV[a], 'r', ARGV[a + 1], 'a', now)
    moved = moved + 1
  end
end
return {moved, before + moved - redis.call('XLEN', parked)}
