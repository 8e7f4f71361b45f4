import { StartupError } from "@tillkeeper/server/platform/startup-error";
import type { FromChild, ToChild } from "../child.ts";
import type { Notice } from "../notices.ts";

/**
 * Answers the calls of the process that started this one, until it says stop or is gone. Ctrl-C reaches every process
 * of the terminal; here it changes nothing, because the parent says when it is time.
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

let untold: Notice<unknown>[] = [];

/**
 * Says something to the parent without being asked. What comes in one turn of the event loop travels together: one
 * message each would be a load of its own.
 */
export function notifyParent(key: string, value: unknown): void {
  if (untold.length === 0) setImmediate(flush);
  untold.push({ key, value });
}

function flush(): void {
  send({ event: untold });
  untold = [];
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
