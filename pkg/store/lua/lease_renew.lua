-- Moves the end of a lease that is still ours. KEYS lease. ARGV owner, generation, ttl (ms), time. Returns 1, or 0 when lost.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'x', text(clock(ARGV[4]) + tonumber(ARGV[3])))
return 1
