// Import it first: it must replace `Date` before other modules read the time.
import "./wall-clock.ts";
import { type RunningServer, startServer } from "@tillkeeper/server/main";
import { createLogger } from "@tillkeeper/server/platform/log/log";
import type { VirtualTerminalHost } from "@tillkeeper/server/virtual-terminals/virtual-terminals";
import type { FromReplica, ToReplica } from "./replica-messages.ts";
import { TestClock } from "./test-clock.ts";

/**
 * The program of one of several servers under test: the whole server, with a clock that the tests move. The tests
 * also run its virtual terminals. It ends on SIGTERM, as `serve` does, and with the tests.
 */
const clock = new TestClock();
const waiting = new Map<number, (error: string | undefined) => void>();
let turns = 0;
let running: Promise<RunningServer> | undefined;

function say(message: FromReplica): void {
  process.send?.(message);
}

function ask(message: { start: Parameters<VirtualTerminalHost["start"]>[0] } | { stop: string }): Promise<void> {
  const turn = turns++;
  return new Promise((resolve, reject) => {
    waiting.set(turn, (error) => (error === undefined ? resolve() : reject(new Error(error))));
    say({ kind: "host", turn, ...message });
  });
}

async function start({
  config,
  aheadMs,
  steppedMs,

  hosting,
}: ToReplica & { kind: "start" }): Promise<RunningServer> {
  clock.setAhead(aheadMs, steppedMs);
  const log = createLogger(process.env["TEST_LOG"] === "1" ? "info" : "silent");
  const host: VirtualTerminalHost = {
    // Functions cannot be sent to another process.
    start: ({ releaseKeys: _releaseKeys, memoryLost: _memoryLost, time: _time, ...spec }) => ask({ start: spec }),
    stop: (stop) => ask({ stop }),
  };
  const server = await startServer({
    config,
    log,
    clock: clock.over,
    ...(hosting && { virtualTerminalHost: host }),
  });
  say({ kind: "listening" });
  return server;
}

process.on("message", (message: ToReplica) => {
  if (message.kind === "start") {
    running = start(message);
    running.catch((error: unknown) => say({ kind: "failed", message: String(error) }));
  } else if (message.kind === "clock") {
    clock.setAhead(message.aheadMs, message.steppedMs);
    say({ kind: "moved", turn: message.turn });
  } else {
    waiting.get(message.turn)?.(message.error);
    waiting.delete(message.turn);
  }
});
process.once("SIGTERM", () => {
  const stopped = running?.then((server) => server.stop()) ?? Promise.resolve();
  stopped.finally(() => process.disconnect()).catch(() => (process.exitCode = 1));
});
process.once("disconnect", () => process.exit());
