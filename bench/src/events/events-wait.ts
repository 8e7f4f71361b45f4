import type { Closing } from "@tillkeeper/server/platform/closing";
import type { Effort } from "../arguments.ts";
import { Child } from "../parts/child.ts";
import { Notices } from "../parts/notices.ts";
import { OperationCaller } from "../parts/operation-caller.ts";
import { milliseconds, printAim, printTable } from "../parts/print.ts";
import { seedCredentials } from "../parts/seed.ts";
import { percentile } from "../parts/statistics.ts";
import type { Subject } from "../parts/subject.ts";

interface WaitOptions extends Effort {
  terminals: number;
  /** What waiting may add, in milliseconds. */
  aim: number;
}

/**
 * One caller sends operations, in turns without waiting and with `Prefer: wait`. Without it the operation's own time is over
 * when its terminal has the receipt; with it when the caller has the answer.
 */
export async function addedByWaiting(subject: Subject, options: WaitOptions, closing: Closing): Promise<void> {
  const { seconds, rounds, aim, terminals } = options;
  const agents = Child.start("agents", closing);
  const receipts = new Notices<string>(agents);
  await agents.call("start", { mqttUrl: subject.mqttUrl, devices: await seedCredentials(subject.db, terminals) });
  const callers = {
    plain: await OperationCaller.open(subject),
    waiting: await OperationCaller.open(subject, "open_menu", { prefer: "wait=60" }),
  };
  let sent = 0;
  const once = async (caller: OperationCaller) => {
    const at = performance.now();
    const { body } = await caller.send(sent++ % terminals);
    const { id, status } = JSON.parse(body.toString()) as { id: string; status: string };
    const answeredMs = performance.now() - at;
    await receipts.of(id);
    return { status, answeredMs, receivedMs: performance.now() - at };
  };
  const own: number[] = [];
  const waited: number[] = [];
  const rows: string[][] = [];
  for (let round = 0; round < rounds; round += 1) {
    const of = { own: [] as number[], waited: [] as number[] };
    for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
      of.own.push((await once(callers.plain)).receivedMs);
      const { status, answeredMs } = await once(callers.waiting);
      if (status !== "COMPLETED") throw new Error(`an operation was answered ${status}`);
      of.waited.push(answeredMs);
    }
    own.push(...of.own);
    waited.push(...of.waited);
    const figures = [of.own, of.waited].flatMap((list) => [percentile(list, 0.5), percentile(list, 0.99)]);
    rows.push([`round ${round + 1}`, ...figures.map(milliseconds)]);
  }
  for (const caller of Object.values(callers)) caller.close();
  console.log("\none caller, an operation after the other\n");
  printTable(["", "own time p50", "p99", "answered with wait p50", "p99"], rows);
  const added = percentile(waited, 0.5) - percentile(own, 0.5);
  printAim("`Prefer: wait` adds, p50", `${milliseconds(added)} ms`, `≤ ${aim} ms`, added <= aim);
}
