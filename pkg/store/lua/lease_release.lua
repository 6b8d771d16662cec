-- Frees a lease that is still ours; its generation stays, so that the next one is greater.
-- KEYS lease. ARGV owner, generation. Returns 1, or 0 when it was not ours any more.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'o', '', 'x', '0')
return 1
