/**
 * Advisory locks of transactions: numbers that nothing else in the database locks. Servers that start together take
 * `startLock`, so that a single server makes what all servers need.
 */
export const startLock = 5_347_182_906_155_731;
