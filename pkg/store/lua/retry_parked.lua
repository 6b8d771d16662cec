-- Puts parked entries back to where they were in the order of their outbox: they keep their ids and wait
-- beside the stream, whose reader takes them first.
-- KEYS returned, parked. ARGV bound of returned entries, ids of parked entries. Returns how many were put back.
local moved, room = 0, tonumber(ARGV[1]) - redis.call('HLEN', KEYS[1])
for a = 2, #ARGV do
  local found = moved < room and redis.call('XRANGE', KEYS[2], ARGV[a], ARGV[a]) or {}
  if found[1] then
    local f = found[1][2]
    redis.call('XDEL', KEYS[2], ARGV[a])
    redis.call('HSET', KEYS[1], f[6], #f[2] .. ':' .. f[2] .. f[4])
    moved = moved + 1
  end
end
return moved
