/**
 * Advisory locks of transactions: numbers that nothing else in the database locks. Servers that start together take
 * `startLock`, so that a single server makes what all servers need.
 */
export const startLock = 5_347_182_906_155_731;

/**
 * First of two numbers, with the hash of an account as the second: one transaction at a time takes power away in an account.
 * Locks of two numbers never meet those of one.
 */
export const takingLock = 1;
