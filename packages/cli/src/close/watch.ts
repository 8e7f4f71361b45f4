import { setTimeout as pause } from "node:timers/promises";
import type { Closing } from "@tillkeeper/contract/http/closing-schemas";
import type { Connection } from "../connection/connect.ts";
import { refusalOf } from "../connection/refusals.ts";

const everyMs = 400;
const waitSeconds = 50;
/** Answers after which it is asked once more: the closing goes on, whether this program hears of it or not. */
const passing = new Set([429, 502, 503, 504]);

interface Watch {
  closing: Closing;
  /** Seconds for which it is watched, also while nothing moves by itself. */
  atLeast: number;
  signal: AbortSignal;
}

/** A closing as it goes on, until nothing of it moves by itself any more: it has ended, or all that wait need a person; or until the signal. */
export async function* watchClosing(
  connection: Connection,
  path: string,
  { closing: first, atLeast, signal }: Watch,
): AsyncGenerator<Closing, void> {
  yield first;
  const ended = new AbortController();
  const still = stillOf(connection, path, { atLeast, signal: AbortSignal.any([signal, ended.signal]) });
  const stop = still.then(
    () => "still" as const,
    (error: unknown) => ({ error }),
  );
  try {
    for (;;) {
      await pause(everyMs);
      const next = await Promise.race([stop, Promise.resolve("look" as const)]);
      if (typeof next === "object") throw next.error;
      const closing = await read(connection, path);
      if (!closing) continue;
      yield closing;
      // The last reading is taken after the server said so, and shows how it ended.
      if (next === "still" || signal.aborted || closing.state !== "running") return;
    }
  } finally {
    ended.abort();
  }
}

/** Resolves when nothing moves by itself: the server answers a request that waits for that. */
async function stillOf(connection: Connection, path: string, { atLeast, signal }: Omit<Watch, "closing">) {
  const until = performance.now() + atLeast * 1_000;
  while (!signal.aborted) {
    const began = performance.now();
    const headers = { prefer: `wait=${waitSeconds}` };
    const response = await connection.send({ method: "GET", path, headers, signal }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (!response) return;
    await response.body?.cancel();
    const waited = performance.now() - began;
    // Without this header the server had no room to wait, so that its answer says nothing of it.
    const isStill = response.headers.has("preference-applied") && waited < (waitSeconds - 1) * 1_000;
    if (isStill && performance.now() >= until) return;
    await pause(1_000, undefined, { signal }).catch(() => undefined);
  }
}

async function read(connection: Connection, path: string): Promise<Closing | undefined> {
  const response = await connection.send({ method: "GET", path });
  if (response.ok) return (await response.json()) as Closing;
  if (passing.has(response.status)) return undefined;
  throw await refusalOf(response);
}
