import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AccountCreated } from "@tillkeeper/contract/http/accounts";
import { operationNames } from "@tillkeeper/contract/operations";
import { type Client, createClient } from "@tillkeeper/sdk";
import { readConfig } from "@tillkeeper/server/config/config";
import { documentedHosts } from "@tillkeeper/server/config/settings";
import { makeTemporaryFolder } from "@tillkeeper/server/platform/folders/temporary-folder";
import { openServer, stopInTime } from "../server.ts";

/** Fixed, so that programs may have them in a configuration. */
const accountId = "T12345678";
/** Seconds that terminals have to answer. */
const windowSeconds = 12;
/** More than a page of a list has: 10. */
const fewestTerminals = 12;

/** What a program needs to know. */
export interface Login {
  accountId: string;
  clientId: string;
  clientSecret: string;
}

/** A terminal, and its store, which has no other. */
export interface CheckTerminal {
  terminalId: string;
  storeId: string;
}

/** A throw-away server with an account of its own, and a virtual terminal for each scenario. */
export class TestServer {
  readonly url: string;
  readonly login: Login;
  readonly terminals: readonly CheckTerminal[];
  readonly #client: Client;
  readonly #stop: () => Promise<void>;

  private constructor(url: string, made: Made, stop: () => Promise<void>) {
    this.url = url;
    this.login = made.login;
    this.terminals = made.terminals;
    this.#client = made.client;
    this.#stop = stop;
  }

  /** Starts it. `hosts` are those of the proxies before it: they may stand in audiences. */
  static async open(hosts: readonly string[], terminals: number): Promise<TestServer> {
    const folder = makeTemporaryFolder("tk-check-client-");
    const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 });
    const bootstrap = randomBytes(32).toString("hex");
    try {
      const server = await openServer(readConfig(settings(folder, hosts, bootstrap)), {
        sandbox: false,
        quietCheckpoints: true,
      });
      const stop = async () => {
        await stopInTime(server);
        await remove();
      };
      try {
        const made = await make(server.httpUrl, bootstrap, Math.max(terminals, fewestTerminals));
        return new TestServer(server.httpUrl, made, stop);
      } catch (error) {
        await stop();
        throw error;
      }
    } catch (error) {
      await remove();
      throw error;
    }
  }

  /** Makes a terminal busy for 3.5 seconds, with an operation that changes nothing. */
  async occupy(terminalId: string): Promise<void> {
    const parameters = { operator_id: "simulate:slow" };
    await this.#client.operations.create({ terminal_id: terminalId, operation: "open_menu", timeout: 5, parameters });
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

/** Reads only the log level from the environment: a check must not touch a real database, broker or data folder. */
function settings(folder: string, hosts: readonly string[], bootstrap: string): Record<string, string> {
  return {
    TILLKEEPER_HTTP_PORT: "0",
    TILLKEEPER_MQTT_PORT: "0",
    TILLKEEPER_DATA_DIR: join(folder, "data"),
    TILLKEEPER_LOG_LEVEL: process.env["TILLKEEPER_LOG_LEVEL"] ?? "error",
    TILLKEEPER_AUDIENCE_HOSTS: [...documentedHosts, ...hosts].join(","),
    TILLKEEPER_BOOTSTRAP_TOKEN: bootstrap,
    // Short, so that Retry-After is, too.
    TILLKEEPER_WINDOWS: operationNames.map((name) => `${name}=${windowSeconds}`).join(","),
  };
}

interface Made {
  login: Login;
  client: Client;
  terminals: CheckTerminal[];
}

async function make(url: string, bootstrap: string, count: number): Promise<Made> {
  const { clientId, clientSecret } = await makeAccount(url, bootstrap);
  const login = { accountId, clientId, clientSecret };
  const client = createClient({ url, ...login });
  const terminals: CheckTerminal[] = [];
  for (let number = 1; number <= count; number += 1) {
    const digits = String(number).padStart(3, "0");
    const { store_id: storeId } = await client.stores.create({ store_id: `S${digits}`, store_name: `Store ${number}` });
    const terminal = { store_id: storeId, device_serial_number: `SIMULATED-${accountId}-${digits}` };
    const { terminal_id: terminalId } = await client.terminals.create(terminal);
    terminals.push({ terminalId, storeId });
  }
  await Promise.all(terminals.map(({ terminalId }) => online(client, terminalId)));
  return { login, client, terminals };
}

async function makeAccount(url: string, bootstrap: string): Promise<{ clientId: string; clientSecret: string }> {
  const response = await fetch(`${url}/v1/accounts`, {
    method: "POST",
    headers: { authorization: `Bearer ${bootstrap}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "Check", account_id: accountId }),
  });
  if (response.status !== 201) throw new Error(`the account could not be made: ${await response.text()}`);
  const { client } = (await response.json()) as AccountCreated;
  return { clientId: client.client_id, clientSecret: client.client_secret };
}

async function online(client: Client, terminalId: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    const { status } = await client.presence.ofTerminal(terminalId);
    if (status === "online") return;
    await sleep(100);
  }
  throw new Error(`the virtual terminal ${terminalId} has not connected`);
}
