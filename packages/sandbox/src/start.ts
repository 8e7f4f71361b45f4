import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxContent } from "@tillkeeper/contract/sandbox-content";
import { type Client, createClient, type StoreCreate } from "@tillkeeper/sdk";
import { startChild } from "./child.ts";

type Fault = NonNullable<NonNullable<SandboxContent["terminals"]>[string]["fault"]>;

/** What a sandbox begins with. */
export interface StartSandboxOptions<Name extends string = string> {
  /** `T` and eight digits. Two sandboxes may have the same one: they know nothing of each other. Default: `T10000001`. */
  accountId?: string;
  /** Default: one store, `store`. */
  stores?: readonly (StoreCreate & { store_id: string })[];
  /** Virtual terminals, by names of yours; the first one has the id `T10000001-T0001`. A terminal without a store is in the first. */
  terminals?: Readonly<Record<Name, { store_id?: string; fault?: Fault }>>;
  /** Business time at the start, as ISO 8601 with its offset. It must be ahead of real time; it never goes back. */
  clock?: string;
}

/** A running sandbox. */
export interface Sandbox<Name extends string = string> extends AsyncDisposable {
  /** Address of the API. */
  url: string;
  /** Where devices of your own connect. */
  mqttUrl: string;
  accountId: string;
  clientId: string;
  clientSecret: string;
  /** The ids of the terminals by their names. */
  terminals: Readonly<Record<Name, string>>;
  /** The client of the SDK, with these credentials. */
  client: Client;
  /** Has `reset` bring back the stores and terminals, with their faults, that there are now. */
  snapshot(): Promise<void>;
  /**
   * Brings stores and terminals back to what they were at the start, or at the last `snapshot`. The clock stays where it is: it never
   * goes back.
   */
  reset(): Promise<void>;
  /** Ends the sandbox and removes what it kept. Idempotent. */
  stop(): Promise<void>;
}

const lookEveryMs = 20;

/**
 * Starts a sandbox: a server of its own on free ports, with an account, stores and virtual terminals. It is a child process, which
 * ends with this one. Rejects, with what is wrong, for content that a sandbox cannot have.
 */
export async function startSandbox<const Name extends string = never>(
  options: StartSandboxOptions<Name> = {},
): Promise<Sandbox<Name>> {
  const { accountId = "T10000001", stores, terminals = {} as Record<Name, { fault?: Fault }>, clock } = options;
  const content = { ...(stores && { stores }), terminals, ...(clock !== undefined && { clock }) };
  const args = ["--account", accountId, "--ephemeral", "--json", "--until-input-ends"];
  const child = await startChild([...args, "--seed", JSON.stringify(content)]);
  const said = JSON.parse(child.said);
  const access = { url: said.http_url, accountId, clientId: said.client_id, clientSecret: said.client_secret };
  const client = createClient(access);
  const names = Object.keys(terminals) as Name[];
  const faulty = names.filter((name) => terminals[name]?.fault !== undefined);
  const ready = () =>
    untilInForce(
      client,
      faulty.map((name) => said.terminals[name]),
    );
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= child.stop();
    return stopping;
  };
  try {
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ...access,
    mqttUrl: said.mqtt_url,
    terminals: said.terminals,
    client,
    snapshot: async () => {
      await client.sandbox.takeSnapshot();
    },
    reset: async () => {
      await client.sandbox.reset();
      await ready();
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Waits until these terminals have their faults: an operation before that would go well. */
async function untilInForce(client: Client, terminalIds: readonly string[]): Promise<void> {
  for (const id of terminalIds) {
    while (!(await client.sandbox.readTerminal(id)).in_force) await sleep(lookEveryMs);
  }
}
