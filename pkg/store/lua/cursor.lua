-- Reads how far a source was read, and in which epoch. KEYS cursors. ARGV source. Returns {cursor or '', epoch}.
return {redis.call('HGET', KEYS[1], ARGV[1]) or '', epoch()}
