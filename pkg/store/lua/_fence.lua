-- holds answers whether the lease still belongs to this owner at this generation.
-- An ended lease that nobody has taken over still counts: nobody else can have written meanwhile.
-- A lease ends with the epoch it was given in: its holder knows of writes that may be lost.
local function holds(lease, owner, generation)
  local held = redis.call('HMGET', lease, 'o', 'g', 'e')
  return held[1] == owner and held[2] == generation and held[3] == epoch()
end
