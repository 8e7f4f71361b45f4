const nanosecondsPerMs = 1e6;

/**
 * Milliseconds of the machine's monotonic clock: unlike `performance.now()` it begins at the same instant in every process,
 * so that a time taken in one can be subtracted from a time taken in another.
 */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / nanosecondsPerMs;
}
