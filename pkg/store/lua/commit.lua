-- Writes the outcome of a batch in one step: state, outbox entries, and the log entries it came from removed.
-- KEYS lease, log, state, marks, outbox names, then the outboxes.
-- ARGV owner, generation, commit id, bound of an outbox, n and n log ids, n and n state pairs,
--      n and n state fields to delete, then per outbox its name, n and n pairs of key and payload.
-- Returns {1}, {0} when the lease is lost, {-1, i} when outbox i is full.
local at = 0
local function arg() at = at + 1; return ARGV[at] end
local lease, log, state, marks, names = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
if not holds(lease, arg(), arg()) then return {0} end
-- The client repeats a command whose answer was lost; the second time there is nothing left to do.
local id = arg()
if redis.call('HGET', marks, 'commit') == id then return {1} end
local bound = tonumber(arg())
for i = 6, #KEYS do
  if redis.call('XLEN', KEYS[i]) >= bound then return {-1, i - 5} end
end
for _ = 1, tonumber(arg()) do redis.call('XDEL', log, arg()) end
for _ = 1, tonumber(arg()) do redis.call('HSET', state, arg(), arg()) end
for _ = 1, tonumber(arg()) do redis.call('HDEL', state, arg()) end
for i = 6, #KEYS do
  redis.call('SADD', names, arg())
  for _ = 1, tonumber(arg()) do redis.call('XADD', KEYS[i], '*', 'k', arg(), 'v', arg()) end
end
redis.call('HSET', marks, 'commit', id)
return {1}
