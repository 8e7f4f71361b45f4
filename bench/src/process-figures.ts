import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What a process has used so far. */
export interface ProcessFigures {
  rssBytes: number;
  cpuSeconds: number;
}

/** Of this process, after a collection of what is not used any more. */
export function processFigures(): ProcessFigures {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { user, system } = process.cpuUsage();
  return { rssBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
}
