-- Appends the entries not seen before to the log and moves the source's cursor, all in one step.
-- KEYS log, cursors, lease, then per entry its young and its old set of identities.
-- ARGV bound of the log, time to remember (ms), source, cursor, owner, generation, epoch, then per entry identity and payload.
-- With an owner it is a leader that appends, with an epoch whoever knows the store from then.
-- Returns how many were appended, -1 when the log is full, -2 when the lease is lost, -3 when the epoch is over.
local log, cursors = KEYS[1], KEYS[2]
local ttl = tonumber(ARGV[2])
if ARGV[5] ~= '' and not holds(KEYS[3], ARGV[5], ARGV[6]) then return -2 end
if ARGV[7] ~= '' and ARGV[7] ~= epoch() then return -3 end
if #ARGV > 7 and redis.call('XLEN', log) >= tonumber(ARGV[1]) then return -1 end
local appended = 0
local k = 4
for a = 8, #ARGV, 2 do
  local young, old = KEYS[k], KEYS[k + 1]
  k = k + 2
  -- A set lives twice the time; in its second half it only answers, and a new one takes the additions.
  local left = redis.call('PTTL', young)
  if left >= 0 and left <= ttl then
    redis.call('RENAME', young, old)
    left = -2
  end
  if ARGV[a] == '' then -- may repeat
    redis.call('XADD', log, '*', 'p', ARGV[a + 1])
    appended = appended + 1
  elseif redis.call('SISMEMBER', old, ARGV[a]) == 0 and redis.call('SADD', young, ARGV[a]) == 1 then
    if left < 0 then redis.call('PEXPIRE', young, text(2 * ttl)) end
    redis.call('XADD', log, '*', 'p', ARGV[a + 1])
    appended = appended + 1
  end
end
if ARGV[4] ~= '' then redis.call('HSET', cursors, ARGV[3], ARGV[4]) end
return appended
