-- Puts parked entries back at the end of their outbox. KEYS outbox, parked. ARGV ids of parked entries.
-- Returns how many were put back.
local moved = 0
for _, id in ipairs(ARGV) do
  local found = redis.call('XRANGE', KEYS[2], id, id)
  if found[1] then
    local f = found[1][2]
    redis.call('XDEL', KEYS[2], id)
    redis.call('XADD', KEYS[1], '*', f[1], f[2], f[3], f[4])
    moved = moved + 1
  end
end
return moved
