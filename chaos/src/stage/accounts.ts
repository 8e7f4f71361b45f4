import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@tillkeeper/sdk";
import { requestAccount } from "@tillkeeper/stage/accounts/accounts";
import { audienceOf } from "@tillkeeper/stage/accounts/tokens";
import { until } from "@tillkeeper/stage/until";
import type { FleetSettings } from "../agents/fleet.ts";
import { type Api, createApi } from "../clients/api.ts";
import type { createHttp } from "../clients/http.ts";
import type { Recorder } from "../clients/recorder.ts";
import type { Stage } from "./stage.ts";
import { accountsFor } from "./topology.ts";

/** An account with its OAuth client and terminals. */
export interface Account {
  accountId: string;
  token: string;
  terminalIds: string[];
}

export interface AccountsOptions {
  stage: Stage;
  http: ReturnType<typeof createHttp>;
  recorder: Recorder;
  terminals: number;
  signal: AbortSignal;
}

type Device = FleetSettings["terminals"][number];

/**
 * Creates accounts and terminals through the API, starts the terminals' processes, and brings every terminal to ACTIVE.
 * As in reality, a terminal becomes ACTIVE by completing a `check_update`.
 */
export async function openAccounts(options: AccountsOptions): Promise<Account[]> {
  const { stage, terminals, signal } = options;
  const numbers = Array.from({ length: terminals }, (_, number) => number);
  const accounts = accountsFor(terminals);
  const made = await Promise.all(
    Array.from({ length: accounts }, (_, account) =>
      openAccount(
        options,
        account,
        numbers.filter((number) => number % accounts === account),
      ),
    ),
  );
  const devices = made.flatMap((account) => account.devices);
  for (const [number, agents] of stage.agents.entries()) {
    await agents.use(devices.filter((_, index) => index % stage.agents.length === number));
    agents.service.keepUp();
  }
  const connected = () => stage.agents.every((agents) => agents.connected === agents.terminals);
  await until(connected, "all terminals to connect", { signal, withinMs: 60_000 });
  await Promise.all(made.map((account) => activate(account, account.api, signal)));
  return made;
}

async function openAccount({ stage, http, recorder, signal }: AccountsOptions, number: number, terminals: number[]) {
  const accountId = `T${91_000_001 + number}`;
  const { clientId, secret: clientSecret } = await requestAccount(stage, { account_id: accountId, name: accountId });
  const client = createClient({
    url: stage.url,
    accountId,
    clientId,
    clientSecret,
    audience: audienceOf(accountId),
  });
  await client.stores.create({ store_id: "S1" });
  const devices: Device[] = [];
  for (const [index, terminal] of terminals.entries()) {
    signal.throwIfAborted();
    const serial = String(810_000_000_000 + terminal);
    const { terminal_id: terminalId } = await client.terminals.create({ device_serial_number: serial, store_id: "S1" });
    const { address, password } = await client.terminals.issueCredential(terminalId);
    // Half of the terminals of each account can name their batches.
    const namesBatches = index % 2 === 0;
    devices.push({ terminalId, address, password, namesBatches });
  }
  const { access_token: token } = await client.token();
  const api = createApi({ http, url: stage.url, token, recorder });
  return { accountId, token, api, devices, terminalIds: devices.map(({ terminalId }) => terminalId) };
}

const activationSeconds = 5;
const tryAgainMs = 300;

async function activate({ accountId, terminalIds }: Account, api: Api, signal: AbortSignal): Promise<void> {
  await Promise.all(
    terminalIds.map(async (terminalId) => {
      for (let tries = 1; ; tries += 1) {
        const operation = "check_update";
        const intent = {
          id: `${terminalId}-activation-${tries}`,
          accountId,
          terminalId,
          operation,
          keyed: false,
        } as const;
        const body = { terminal_id: terminalId, operation, timeout: activationSeconds } as const;
        const reply = await api.create(intent, { ...body, parameters: { operator_id: intent.id } });
        const made = "status" in reply ? reply.operation : undefined;
        if (made && (await isCompleted(api, made.id, signal))) return;
        await sleep(tryAgainMs, undefined, { signal });
      }
    }),
  );
}

async function isCompleted(api: Api, operationId: string, signal: AbortSignal): Promise<boolean> {
  let status: string | undefined;
  const ended = async () => {
    const reply = await api.look(operationId);
    status = "status" in reply ? reply.operation?.status : undefined;
    return status !== undefined && status !== "PENDING";
  };
  await until(ended, "a terminal to be activated", { signal, withinMs: 60_000 });
  return status === "COMPLETED";
}
