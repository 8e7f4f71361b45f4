import { setTimeout as sleep } from "node:timers/promises";
import { runProgram } from "./client-program.ts";
import { retryAfterOf } from "./exchange.ts";
import type { CheckProxy } from "./proxy.ts";
import { RunLog } from "./run-log.ts";
import type { Scenario } from "./scenarios.ts";
import type { CheckTerminal, TestServer } from "./test-server.ts";

/** How a program is played with. */
export interface Playing {
  server: TestServer;
  proxy: CheckProxy;
  /** The command; undefined for a program that is started by hand. */
  command: readonly string[] | undefined;
  /** After so many seconds a scenario is over, whatever the program does. */
  seconds: number;
  signal: AbortSignal;
  overheard: (line: string) => void;
  /** Resolves when the person at the keyboard wants the next scenario. The signal ends the wait. */
  skipped?: (signal: AbortSignal) => Promise<void>;
}

/** Plays one scenario, with this terminal for a program that takes one. */
export async function playScenario(scenario: Scenario, terminal: CheckTerminal, playing: Playing): Promise<RunLog> {
  const { server, proxy, command } = playing;
  const log = new RunLog(scenario.name);
  proxy.play(log, scenario.trouble({ occupy: (id) => server.occupy(id) }));
  try {
    if (command === undefined) await untilOver(log, playing);
    else {
      const variables = { ...variablesOf(playing, terminal), TILLKEEPER_SCENARIO: scenario.name };
      log.exit = await runProgram({ ...playing, command, variables });
    }
  } finally {
    proxy.rest();
  }
  return log;
}

/** What a program needs to know, by the names of environment variables. */
export function variablesOf(
  { server, proxy }: Pick<Playing, "server" | "proxy">,
  { terminalId, storeId }: CheckTerminal,
): Record<string, string> {
  const { accountId, clientId, clientSecret } = server.login;
  return {
    TILLKEEPER_URL: proxy.url,
    TILLKEEPER_ACCOUNT: accountId,
    TILLKEEPER_CLIENT_ID: clientId,
    TILLKEEPER_CLIENT_SECRET: clientSecret,
    TILLKEEPER_AUDIENCE: `${proxy.url}/v1/accounts/${accountId}`,
    TILLKEEPER_TERMINAL: terminalId,
    TILLKEEPER_STORE: storeId,
  };
}

/** Milliseconds after the trouble when no more is awaited: where everything is settled, and where it is not. */
const restMs = { settled: 5000, open: 30_000 };
const lookMs = 250;

/** Waits until a program that is started by hand has met the trouble, and has dealt with it. */
async function untilOver(log: RunLog, { seconds, signal, skipped }: Playing): Promise<void> {
  const over = new AbortController();
  const end = () => over.abort();
  void skipped?.(over.signal).then(end, end);
  const stop = AbortSignal.any([signal, over.signal]);
  while (!stop.aborted && log.now() < seconds * 1000 && !isOver(log))
    await sleep(lookMs, undefined, { signal: stop }).catch(() => undefined);
  end();
}

function isOver(log: RunLog): boolean {
  const isQuiet = log.scenario === "calm";
  const met = isQuiet ? log.operations[0]?.post : log.exchanges.find(({ trouble }) => trouble !== undefined);
  if (!met) return false;
  return log.now() - met.at > (isSettled(log) ? restMs.settled : restMs.open);
}

/** Whether the program knows what became of all its commands. One that never stops is so for moments. */
function isSettled(log: RunLog): boolean {
  const last = log.posts.at(-1);
  const willCome = last && (!last.answer || last.answer.status >= 500 || retryAfterOf(last.answer) !== undefined);
  return !willCome && log.operations.every(({ id }) => log.endSeen(id));
}
