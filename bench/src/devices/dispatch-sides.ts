import { randomUUID } from "node:crypto";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import { Logger, makeWorkerUtils } from "graphile-worker";
import { Child } from "../parts/child.ts";
import { machineMs } from "../parts/machine-clock.ts";
import { Notices } from "../parts/notices.ts";
import { openCallers } from "../parts/operation-caller.ts";
import { seedCredentials } from "../parts/seed.ts";
import type { Subject } from "../parts/subject.ts";
import { FreeList } from "./free-list.ts";
import { queueTask } from "./queue-task.ts";

/** Times of one command or job, in milliseconds since just before its request. */
export interface Passage {
  /** Until the sender received the answer to its request. */
  answered: number;
  /** Until the terminal received the command, or the worker started the task. */
  arrived: number;
}

/** Sends one command; resolves when the command has arrived and the request is answered. */
export type Send = () => Promise<Passage>;

/** The most requests that may wait for an answer at once, on either side. */
const connections = 32;

/** Sends commands over HTTP to the server, which passes them by MQTT to connected terminals. */
export async function terminalsSide(subject: Subject, terminals: number, closing: Closing): Promise<Send> {
  const listeners = Child.start("listeners", closing);
  const arrivals = new Notices<number>(listeners);
  const devices = await seedCredentials(subject.db, terminals);
  await listeners.call("start", { mqttUrl: subject.mqttUrl, devices });
  const callers = new FreeList(await openCallers(subject, connections, closing));
  let next = 0;
  return async () => {
    const sentAt = machineMs();
    const { body } = await callers.with((caller) => caller.send(next++ % terminals));
    const answeredAt = machineMs();
    const arrivedAt = await arrivals.of((JSON.parse(body.toString()) as { id: string }).id);
    return { answered: answeredAt - sentAt, arrived: arrivedAt - sentAt };
  };
}

/** Sends jobs through graphile-worker in the server's database: `addJob` here, the task in a worker process. */
export async function queueSide(subject: Subject, closing: Closing): Promise<Send> {
  const connectionString = databaseUrl(subject.database);
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ connectionString, maxPoolSize: connections, logger });
  closing.add(() => utils.release());
  await utils.migrate();
  const worker = Child.start("queue-worker", closing);
  const starts = new Notices<number>(worker);
  await worker.call("start", { connectionString });
  return async () => {
    const id = randomUUID();
    const sentAt = machineMs();
    await utils.addJob(queueTask, { id });
    const answeredAt = machineMs();
    return { answered: answeredAt - sentAt, arrived: (await starts.of(id)) - sentAt };
  };
}
