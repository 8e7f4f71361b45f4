/**
 * Keys of advisory locks; no other code locks them. Servers that start together take `startLock`, so that
 * one of them creates what all need.
 */
export const startLock = 5_347_182_906_155_731;

/** A server holds it while it makes a scheduled backup, for as long as its connection. */
export const backupLock = 5_347_182_906_155_732;

/**
 * First of two lock keys, with an account's hash as the second: one transaction at a time revokes power in an account.
 * Locks with two keys never conflict with locks with one.
 */
export const revocationLock = 1;

/** First of two lock keys, with the hash of an idempotency key as the second: one request for a closing under that key at a time. */
export const requestLock = 2;
