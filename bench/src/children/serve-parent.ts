import { StartupError } from "@tillkeeper/server/platform/startup-error";
import type { FromChild, ToChild } from "../parts/child.ts";
import type { Notice } from "../parts/notices.ts";

/**
 * Answers the parent process's calls with `methods`, until the parent sends `stop` or disconnects; then runs `stop` and
 * exits. SIGINT and SIGHUP are ignored: Ctrl-C reaches all processes at once, and the parent ends them in order.
 */
export function serveParent(methods: Record<string, (argument: never) => unknown>, stop: () => Promise<void>): void {
  let stopping: Promise<void> | undefined;
  const end = () => {
    stopping ??= stop()
      .then(() => process.exit(0))
      .catch((error: unknown) => {
        console.error(error);
        process.exit(1);
      });
  };
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  process.on("SIGTERM", end);
  process.on("disconnect", end);
  process.on("message", (message: ToChild) => {
    if ("stop" in message) return end();
    void answer(methods, message);
  });
}

let unsent: Notice<unknown>[] = [];

/**
 * Sends a notice to the parent. All notices of one turn of the event loop go in one message, because a message for each
 * would load both processes.
 */
export function notifyParent(key: string, value: unknown): void {
  if (unsent.length === 0) setImmediate(flush);
  unsent.push({ key, value });
}

function flush(): void {
  send({ event: unsent });
  unsent = [];
}

async function answer(
  methods: Record<string, (argument: never) => unknown>,
  { call, method, argument }: Extract<ToChild, { call: number }>,
): Promise<void> {
  try {
    const run = methods[method];
    if (!run) throw new Error(`there is no method ${method}`);
    send({ call, value: await run(argument as never) });
  } catch (error) {
    const failure = error instanceof StartupError ? error.message : String((error as Error).stack ?? error);
    send({ call, failure });
  }
}

function send(message: FromChild): void {
  if (process.connected) process.send?.(message);
}
