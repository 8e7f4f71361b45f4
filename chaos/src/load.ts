import { setTimeout as sleep } from "node:timers/promises";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { createRandom } from "@tillkeeper/stage/programs/random";
import type { Settings } from "./arguments.ts";
import { createApi } from "./clients/api.ts";
import { runClient } from "./clients/client.ts";
import type { createHttp } from "./clients/http.ts";
import type { Recorder } from "./clients/recorder.ts";
import { createWatch, type Watch } from "./clients/watch.ts";
import { type Inflicted, inflict } from "./faults/inflict.ts";
import type { Fault } from "./faults/schedule.ts";
import { ConstraintSampler } from "./health/constraint.ts";
import type { Account } from "./stage/accounts.ts";
import type { Stage } from "./stage/stage.ts";

export interface LoadOptions extends Settings {
  stage: Stage;
  accounts: Account[];
  recorder: Recorder;
  http: ReturnType<typeof createHttp>;
  /** URL to which clients send their requests. */
  url: string;
  schedule: readonly Fault[];
  signal: AbortSignal;
}

export interface Load {
  /** Still running: the operations accepted last have yet to end. */
  watch: Watch;
  constraint: ConstraintSampler;
  inflicted: Inflicted[];
  seconds: number;
}

/** Runs clients and faults at once for `minutes`. Rejects when either fails, or with the signal's reason. */
export async function runLoad(options: LoadOptions, closing: Closing): Promise<Load> {
  const { stage, recorder, schedule, signal } = options;
  const constraint = new ConstraintSampler(stage.database);
  constraint.start();
  closing.add(() => constraint.stop());
  const watch = createWatch();
  closing.add(() => watch.stop());
  const offersCancelling = await supportsCancelling(options.http, stage.url);
  const [over, failure] = [new AbortController(), new AbortController()];
  const broken = AbortSignal.any([signal, failure.signal]);
  const from = Date.now();
  const clients = startClients(options, watch, offersCancelling, AbortSignal.any([over.signal, broken]));
  const faults = inflict(stage, recorder, schedule, broken);
  // If clients or faults fail, both must stop: a fault that goes on would restart services that are being ended.
  for (const part of [clients, faults]) part.catch((error: unknown) => failure.abort(error));
  await sleep(options.minutes * 60_000, undefined, { signal: broken }).catch(() => undefined);
  over.abort();
  await Promise.allSettled([clients, faults]);
  broken.throwIfAborted();
  return { watch, constraint, inflicted: await faults, seconds: (Date.now() - from) / 1000 };
}

async function startClients(options: LoadOptions, watch: Watch, offersCancelling: boolean, signal: AbortSignal) {
  const { accounts, http, url, recorder } = options;
  const apis = accounts.map(({ token }) => createApi({ http, url, token, recorder }));
  await Promise.all(
    Array.from({ length: options.clients }, (_, number) => {
      const [account, api] = [at(accounts, number), at(apis, number)];
      const random = createRandom(options.seed * 1_000_003 + number);
      return runClient({ ...account, name: `client-${number}`, api, watch, random, offersCancelling, signal });
    }),
  );
}

function at<Item>(items: readonly Item[], number: number): Item {
  return items[number % items.length] as Item;
}

/** Whether the server offers cancelling and `when_busy`, by its OpenAPI document. */
async function supportsCancelling(http: LoadOptions["http"], url: string): Promise<boolean> {
  const answer = await http.call({ url: `${url}/openapi.json`, method: "GET", timeoutMs: 10_000 });
  if ("unknown" in answer) throw new Error(`no reference: ${answer.unknown}`);
  const { paths } = answer.body as { paths: Record<string, unknown> };
  return Object.hasOwn(paths, "/v1/admin/terminals/operations/{operation_id}/cancel");
}
