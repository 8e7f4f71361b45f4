const nanosecondsPerMs = 1e6;

/**
 * Returns milliseconds of the machine's monotonic clock. Unlike `performance.now()` it has one origin for all
 * processes, so that times taken in different processes can be subtracted.
 */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / nanosecondsPerMs;
}
