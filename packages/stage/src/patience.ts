/**
 * How long a test waits for a condition before it fails, and the interval of its checks, in milliseconds. It measures
 * no speed: a condition that holds is seen within one interval. A condition that does not hold is a fault after any
 * time.
 */
export const patience = { timeout: 100_000, interval: 20 };
