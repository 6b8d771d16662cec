-- Changes hashes in one step while the lease is held: mappings by kind, documents.
-- KEYS lease, then the hashes. ARGV owner, generation, then per hash n and n pairs to set, n and n fields to delete.
-- Returns 1, or 0 when the lease is lost.
if not holds(KEYS[1], ARGV[1], ARGV[2]) then return 0 end
local at = 2
local function arg() at = at + 1; return ARGV[at] end
for i = 2, #KEYS do
  for _ = 1, tonumber(arg()) do redis.call('HSET', KEYS[i], arg(), arg()) end
  for _ = 1, tonumber(arg()) do redis.call('HDEL', KEYS[i], arg()) end
end
return 1
