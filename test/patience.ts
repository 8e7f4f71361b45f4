/**
 * How long a test awaits a condition before it counts as never coming, and the interval at which it looks, in milliseconds.
 * It is no measure of speed: a condition that holds is seen within one interval, and one that does not is a fault at any length.
 */
export const patience = { timeout: 100_000, interval: 20 };
