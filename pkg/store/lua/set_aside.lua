-- Keeps a piece of malformed input and moves its source's cursor behind it.
-- KEYS set aside, cursors. ARGV bound, source, cursor, item, epoch.
-- Returns how many old items were dropped, -3 when the epoch is over.
if ARGV[5] ~= '' and ARGV[5] ~= epoch() then return -3 end
-- A cursor that is there already means the client repeats a command whose answer was lost.
if ARGV[3] ~= '' then
  if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then return 0 end
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[3])
end
local over = redis.call('LPUSH', KEYS[1], ARGV[4]) - tonumber(ARGV[1])
if over <= 0 then return 0 end
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
return over
