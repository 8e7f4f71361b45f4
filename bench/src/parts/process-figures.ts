import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Memory of a process now, and the CPU time that it has used so far. */
export interface ProcessFigures {
  rssBytes: number;
  /** What of it is in use by objects and their buffers. */
  heapBytes: number;
  cpuSeconds: number;
}

/** CPU seconds spent in `processFigures` itself, which are subtracted. */
let measuringSeconds = 0;

/** Returns the figures of this process, after a garbage collection. */
export function processFigures(): ProcessFigures {
  const before = cpuSeconds();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  measuringSeconds += cpuSeconds() - before;
  const { rss: rssBytes, heapUsed, external } = process.memoryUsage();
  return { rssBytes, heapBytes: heapUsed + external, cpuSeconds: cpuSeconds() - measuringSeconds };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
