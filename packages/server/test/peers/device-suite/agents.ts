import { fileURLToPath } from "node:url";
import type { MqttVersion } from "@tillkeeper/agent/links/mqtt-version";
import { type Ended, Program } from "@tillkeeper/stage/processes/program";
import { vi } from "vitest";

const here = (path: string) => fileURLToPath(new URL(`../../../../../${path}`, import.meta.url));

interface AgentProgram {
  command: string;
  args: readonly string[];
  /**
   * The file in the agent's folder that it sends as its log. Absent where the tests cannot append to the log, which
   * then contains a card number anyway.
   */
  log?: string;
  /** Returns the options and variables that make the program trust a certificate authority. */
  trusts: (caFile: string) => { options?: Record<string, string>; env?: Record<string, string> };
}

/**
 * The programs that claim to follow docs/device-protocol.md. They take the same arguments and print the same events.
 * With `operator_id` `simulate:slow`, an operation takes as long as a test needs.
 */
export const programs = {
  reference: {
    command: process.execPath,
    args: [here("packages/cli/src/main.ts"), "agent"],
    trusts: (caFile) => ({ env: { NODE_EXTRA_CA_CERTS: caFile } }),
  },
  python: {
    command: "/usr/bin/python3",
    args: [here("conformance/python-agent/agent.py"), "--simulate"],
    log: "agent.log",
    trusts: (caFile) => ({ options: { "--ca": caFile } }),
  },
} satisfies Record<string, AgentProgram>;
export type ProgramName = keyof typeof programs;
export const programOf = (name: ProgramName): AgentProgram => programs[name];

export interface AgentArguments {
  server: string;
  serial: string;
  /** The folder with the agent's keys and journal. */
  state: string;
  transport: "auto" | "mqtt" | "https";
  mqttVersion?: MqttVersion | undefined;
  code?: string | undefined;
  releaseKeys?: string | undefined;
  model?: string | undefined;
  /** A file of certificates to trust. */
  ca?: string | undefined;
}

/** An event that the program printed as one line. */
export interface AgentEvent {
  event: string;
  terminal_id?: string;
  operation_id?: string;
  state?: string;
}

/** An agent in a process of its own, which a test may stop, kill and suspend. */
export class AgentProcess {
  readonly events: AgentEvent[] = [];
  readonly ended: Promise<Ended>;
  readonly #program: Program;

  constructor(name: ProgramName, { server, serial, state, transport, ...more }: AgentArguments) {
    const { command, args, trusts } = programOf(name);
    const trust = more.ca === undefined ? {} : trusts(more.ca);
    const given = ["--server", server, "--serial", serial, "--state", state, "--transport", transport, "--json"];
    const optional = {
      "--code": more.code,
      "--release-keys": more.releaseKeys,
      "--model": more.model,
      "--mqtt-version": more.mqttVersion,
      ...trust.options,
    };
    for (const [option, value] of Object.entries(optional)) if (value !== undefined) given.push(option, value);
    this.#program = new Program([command, ...args, ...given], {
      env: { PYTHONDONTWRITEBYTECODE: "1", ...trust.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let read = 0;
    this.#program.child.stdout?.on("data", () => {
      const end = this.#program.stdout.lastIndexOf("\n");
      const lines = end < read ? [] : this.#program.stdout.slice(read, end).split("\n");
      read = Math.max(read, end + 1);
      this.events.push(...lines.map((line) => JSON.parse(line) as AgentEvent));
    });
    this.ended = this.#program.ended;
  }

  count(of: AgentEvent): number {
    return this.events.filter((event) => matches(event, of)).length;
  }

  /**
   * Resolves when the program has printed the event `times` times. Rejects when the program ends before that, or
   * after `timeout` milliseconds.
   */
  async until(of: AgentEvent, { times = 1, timeout = 30_000 } = {}): Promise<void> {
    await vi.waitUntil(
      () => {
        if (this.count(of) >= times) return true;
        const { running, stdout, stderr } = this.#program;
        if (!running) throw new Error(`ended without ${JSON.stringify(of)}:\n${stdout}\n${stderr}`);
        return false;
      },
      { timeout, interval: 5 },
    );
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  /** Stops the program as an operator does. */
  stop(): Promise<Ended> {
    // A suspended process would not handle the signal.
    this.signal("SIGCONT");
    return this.#program.end("SIGTERM");
  }

  /** Kills the program, as in a power cut. */
  kill(): Promise<Ended> {
    return this.#program.end();
  }

  get stderrText() {
    return this.#program.stderr;
  }
}

function matches(event: AgentEvent, of: AgentEvent): boolean {
  return Object.entries(of).every(([name, value]) => event[name as keyof AgentEvent] === value);
}
