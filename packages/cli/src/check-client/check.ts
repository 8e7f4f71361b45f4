import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { CheckProxy } from "./proxy.ts";
import { type Finding, judge } from "./rules/all.ts";
import { playScenario, variablesOf } from "./run.ts";
import type { RunLog } from "./run-log.ts";
import type { Scenario } from "./scenarios.ts";
import { type CheckTerminal, TestServer } from "./test-server.ts";

export interface CheckSettings {
  scenarios: readonly Scenario[];
  /** The program and its arguments; undefined: the user starts the program. */
  command: readonly string[] | undefined;
  /** Where the proxy listens; port 0: any free one. */
  host: string;
  port: number;
  /** Seconds that a scenario may last. */
  seconds: number;
  /** The program's exit code says whether it did what it should. */
  exitTells: boolean;
  signal: AbortSignal;
  /** Called with what the program needs to know, when it can begin. */
  introduced: (variables: Record<string, string>) => void;
  /** Called when a scenario begins, and when it is over. */
  begun: (scenario: Scenario) => void;
  ended: (scenario: Scenario, log: RunLog) => void;
  /** Called with each line that the program prints. */
  overheard: (line: string) => void;
  /** Resolves when the person at the keyboard wants the next scenario. The signal ends the wait. */
  skipped?: (signal: AbortSignal) => Promise<void>;
}

/** What a check has found. */
export interface CheckResult {
  findings: readonly Finding[];
  logs: readonly RunLog[];
  /** It was interrupted before all scenarios were played. */
  isCutShort: boolean;
}

/** Starts server and proxy, plays the scenarios one after the other, and judges what the program did. */
export async function check(settings: CheckSettings): Promise<CheckResult> {
  const { scenarios, host, port, signal } = settings;
  const proxy = await CheckProxy.open(host, port);
  try {
    const server = await TestServer.open([new URL(proxy.url).host], scenarios.length);
    proxy.target = server.url;
    try {
      const logs = await playAll(settings, server, proxy);
      // An interrupted program shows nothing more. A program that the user started is always interrupted.
      if (signal.aborted && settings.command) logs.pop();
      const facts = { secrets: [server.login.clientSecret], exitTells: settings.exitTells };
      return { findings: judge(logs, facts), logs, isCutShort: signal.aborted };
    } finally {
      await server.stop();
    }
  } finally {
    await proxy.close();
  }
}

function noRequest(): StartupError {
  return new StartupError("The program has sent no request: does it use TILLKEEPER_URL? See docs/check-client.md.");
}

async function playAll(settings: CheckSettings, server: TestServer, proxy: CheckProxy): Promise<RunLog[]> {
  const { scenarios, signal } = settings;
  const terminal = (index: number) => server.terminals[index % server.terminals.length] as CheckTerminal;
  settings.introduced(variablesOf({ server, proxy }, terminal(0)));
  const logs: RunLog[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    if (signal.aborted) break;
    settings.begun(scenario);
    const log = await playScenario(scenario, terminal(index), { ...settings, server, proxy });
    logs.push(log);
    settings.ended(scenario, log);
    if (log.endedByItself && log.exchanges.length === 0) throw noRequest();
  }
  if (!signal.aborted && logs.every(({ exchanges }) => exchanges.length === 0)) throw noRequest();
  return logs;
}
