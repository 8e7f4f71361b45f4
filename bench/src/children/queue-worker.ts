import { Logger, type Runner, run } from "graphile-worker";
import { queueTask } from "../devices/queue-task.ts";
import { machineMs } from "../parts/machine-clock.ts";
import { notifyParent, serveParent } from "./serve-parent.ts";

/** The settings of the latency test in graphile-worker's documentation, without batching, which serves throughput. */
const concurrentJobs = 24;
const poolSize = concurrentJobs + 1;

let runner: Runner | undefined;

/** Starts a graphile-worker whose task only reports the time at which it started. LISTEN/NOTIFY is always on. */
async function start({ connectionString }: { connectionString: string }): Promise<void> {
  runner = await run({
    connectionString,
    concurrency: concurrentJobs,
    maxPoolSize: poolSize,
    noHandleSignals: true,
    logger: new Logger(() => (level, message) => {
      if (level === "error") console.error(message);
    }),
    taskList: {
      [queueTask]: (payload) => {
        const at = machineMs();
        notifyParent((payload as { id: string }).id, at);
      },
    },
  });
}

serveParent({ start }, async () => {
  await runner?.stop();
});
