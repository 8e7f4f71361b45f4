import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a process has used so far. */
export interface ProcessFigures {
  rssBytes: number;
  cpuSeconds: number;
}

/** What taking the figures has used itself; it does not count. */
let ownSeconds = 0;

/** Of this process, after a collection of what is not used any more. */
export function processFigures(): ProcessFigures {
  const before = cpuSeconds();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  ownSeconds += cpuSeconds() - before;
  return { rssBytes: process.memoryUsage.rss(), cpuSeconds: cpuSeconds() - ownSeconds };
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
