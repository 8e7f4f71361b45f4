/**
 * Advisory locks of transactions: numbers that nothing else in the database locks. Servers that start together take this
 * one, so that one of them makes what all of them need.
 */
export const startLock = 5_347_182_906_155_731;
