import { type Client, createClient } from "@tillkeeper/sdk";
import { audienceOf } from "@tillkeeper/stage/accounts/tokens";
import { until } from "@tillkeeper/stage/until";
import type { DeviceHistory } from "./devices/history.ts";
import { Terminal } from "./devices/terminal.ts";
import type { StoreState } from "./plan/plan.ts";
import { accountId, type Stage, type YearServer } from "./stage/stage.ts";

/** A terminal of the account, with all devices that it has had. */
export interface Member {
  terminalId: string;
  device: Terminal;
  /** Since when which device is the terminal's, oldest first. */
  devices: { from: number; openCountBefore: number; history: DeviceHistory }[];
}

const url = (server: YearServer) => server.url;

/** Does over the API what people do in a year. */
export class Fleet {
  readonly members: Member[] = [];
  readonly #stage: Stage;
  readonly #now: () => number;
  readonly #clients: Map<YearServer, Client>;
  #serials = 0;

  constructor(stage: Stage, now: () => number) {
    this.#stage = stage;
    this.#now = now;
    const { clientId, secret: clientSecret } = stage.client;
    this.#clients = new Map(
      stage.servers.map((server) => [
        server,
        createClient({ url: url(server), accountId, clientId, clientSecret, audience: audienceOf(accountId) }),
      ]),
    );
  }

  /** The client of a server that runs. */
  async #api(): Promise<Client> {
    const running = () => this.#stage.servers.find(({ alive }) => alive);
    await until(() => running() !== undefined, "a server to run");
    return this.#clients.get(running() as YearServer) as Client;
  }

  async addStore(number: number, state: StoreState): Promise<void> {
    const api = await this.#api();
    await api.stores.create({ store_id: storeIdOf(number) });
    await this.configure(number, state);
  }

  /** Puts a store into a state, whatever it is in. */
  async configure(number: number, { configuration, enabled, suspended }: StoreState): Promise<void> {
    const api = await this.#api();
    const id = storeIdOf(number);
    const { zone, startsAt, time, retryUntil, spreadMinutes, exceptions } = configuration;
    await api.stores.patchConfiguration(id, {
      time_zone: zone,
      business_day_starts_at: startsAt,
      auto_end_of_day: {
        enabled,
        time,
        retry_until: retryUntil,
        spread_minutes: spreadMinutes,
        exceptions: exceptions.map((exception) => ({ ...exception })),
      },
    });
    const { status } = await api.stores.get(id);
    if (suspended && status !== "SUSPENDED") await api.stores.suspend(id);
    if (!suspended && status === "SUSPENDED") await api.stores.resume(id);
  }

  /** Makes the terminal of this number in the plan, with a device. */
  async addTerminal(number: number, store: number): Promise<void> {
    const api = await this.#api();
    const made = await api.terminals.create({ device_serial_number: this.#serial(), store_id: storeIdOf(store) });
    const terminalId = made.terminal_id;
    const device = await this.#equip(terminalId);
    const devices = [{ from: this.#now(), openCountBefore: 0, history: device.history }];
    this.members[number] = { terminalId, device, devices };
  }

  /** Moves a terminal to another store. Answers false if that one is suspended, which takes none. */
  async move(member: Member, store: number): Promise<boolean> {
    const api = await this.#api();
    return isDone(api.terminals.update(member.terminalId, { store_id: storeIdOf(store) }), "store_suspended");
  }

  /** Replaces the device by a new one, with a memory and batches of its own. Answers false while an operation is under way. */
  async swap(member: Member): Promise<boolean> {
    const api = await this.#api();
    const { terminalId, device: former } = member;
    const replaced = api.terminals.replaceDevice(terminalId, { device_serial_number: this.#serial() });
    if (!(await isDone(replaced, "operation_pending"))) return false;
    await former.be("away");
    const device = await this.#equip(terminalId);
    member.devices.push({ from: this.#now(), openCountBefore: former.openCount, history: device.history });
    member.device = device;
    return true;
  }

  #serial(): string {
    this.#serials += 1;
    return String(830_000_000_000 + this.#serials);
  }

  /** Gives the terminal a device that is connected and has its configuration. */
  async #equip(terminalId: string): Promise<Terminal> {
    const api = await this.#api();
    const { address, password } = await api.terminals.issueCredential(terminalId);
    const device = new Terminal({ url: this.#stage.mqttUrl, address, password }, this.#now);
    await device.be("up");
    await until(() => device.settled, "a device to be welcomed");
    const { id } = await api.operations.create({ terminal_id: terminalId, operation: "check_update" });
    const ended = async () => {
      const { status } = await api.operations.get(id);
      if (status === "FAILED" || status === "TIMEOUT") throw new Error(`check_update of ${terminalId}: ${status}`);
      return status === "COMPLETED";
    };
    await until(ended, "a device to be activated");
    return device;
  }
}

/** Whether a request was carried out; false for that refusal. */
async function isDone(request: Promise<unknown>, refusal: string): Promise<boolean> {
  try {
    await request;
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === refusal) return false;
    throw error;
  }
}

/** The name of a store. */
export function storeIdOf(number: number): string {
  return `Y${number + 1}`;
}
