import { randomUUID } from "node:crypto";
import type { Closing, ClosingTerminal } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import type { Entry } from "@tillkeeper/stage/devices/device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import type { SharedServer, Tenant, TestServer } from "@tillkeeper/stage/servers/test-server";
import { beforeEach, expect } from "vitest";
import { figures } from "./memory-words.ts";
import { PresentDevice } from "./presence.ts";

/** What a till does with an `end_of_day`: the rest of its result, or nothing. */
export type Answering = (command: Record<string, unknown>) => object | undefined;

const at = () => new Date().toISOString();
/** The day is closed, and these were its figures. */
export const closes =
  (more: object = {}): Answering =>
  () => ({
    status: "COMPLETED",
    result: { outcome: "accepted", batch_id: randomUUID().slice(0, 8), ...figures, ...more },
  });
/** The close failed for this reason. */
export const fails =
  (reason: string, more: object = {}): Answering =>
  () => ({ status: "FAILED", reason, error: { code: reason, message: "It did not work." }, ...more });
/** It answers nothing. */
export const silent: Answering = () => undefined;

/** A terminal that is connected by MQTT and obeys a test: it keeps the numbers of its log, and answers each close as it is told. */
export class Till {
  readonly device: PresentDevice;
  readonly entry: Entry;
  answering: Answering;
  /** The commands to close that came, copies of one as one. */
  readonly commands: Record<string, unknown>[] = [];
  #number: number;

  constructor(device: PresentDevice, entry: Entry, { answering, number }: { answering: Answering; number: number }) {
    this.device = device;
    this.entry = entry;
    this.answering = answering;
    this.#number = number;
    device.client.on("message", (name, payload) => {
      if (name.endsWith("/command")) void this.#obey(JSON.parse(payload.toString()));
    });
  }

  /** The number of the last entry of its log. */
  get number(): number {
    return this.#number;
  }

  get id(): string {
    return this.device.terminalId;
  }

  async #obey(command: Record<string, unknown>): Promise<void> {
    const { operation_id, operation, origin } = command;
    if (this.commands.some((known) => known["operation_id"] === operation_id)) return;
    if (operation === "check_update") {
      const result = { current_version: "1", latest_version: "1", update_available: false, configuration_version: "1" };
      await this.say({ operation_id, operation, status: "COMPLETED", result });
      return;
    }
    this.commands.push(command);
    await this.device.say("delivered", { operation_id, received_at: at() });
    const said = operation === "end_of_day" ? this.answering(command) : undefined;
    if (said) await this.say({ operation_id, operation, origin, ...said });
  }

  /** Tells a result with the next number of the log, and waits for its receipt. */
  async say(result: object): Promise<void> {
    this.#number += 1;
    const before = this.device.received.filter(({ channel }) => channel === "receipt").length;
    await this.device.say("result", { number: this.#number, started_at: at(), finished_at: at(), ...result });
    await this.device.next("receipt", before);
  }

  /** Ends the last command with this reason. */
  async finish(reason: string): Promise<void> {
    const { operation_id, operation, origin } = this.commands.at(-1) ?? {};
    await this.say({ operation_id, operation, origin, ...fails(reason)({}) });
  }

  /** Answers the last command after all: it closed the day. */
  async answerLate(): Promise<void> {
    const { operation_id, operation, origin } = this.commands.at(-1) ?? {};
    await this.say({ operation_id, operation, origin, ...closes()({}) });
  }

  /** Closes the day by hand at the terminal. */
  async closeByHand(more: object = {}): Promise<string> {
    const operation_id = randomUUID();
    await this.say({ operation_id, operation: "end_of_day", by_hand: true, ...closes()({}), ...more });
    return operation_id;
  }

  /** Tells the open batch. */
  tell(batch: object): Promise<void> {
    return this.device.tellOpenBatch(batch);
  }

  leave(): Promise<void> {
    return this.device.leave();
  }
}

/** A store with terminals, and the requests about its closings. */
export function storeOf(server: SharedServer, tenant: Tenant, storeId: string = randomUUID().slice(0, 8)) {
  const account = `/v1/accounts/${tenant.aid}`;
  const path = `${account}/stores/${storeId}/closings`;
  const call = (method: string, url: string, body?: unknown, headers: Record<string, string> = {}) =>
    server.call(method, url, { token: tenant.token, body, headers });
  const make = async () => {
    await call("POST", `${account}/stores`, { store_id: storeId });
    await call("PATCH", `${account}/stores/${storeId}/configuration`, { time_zone: "Europe/Oslo" });
  };
  const made = make();
  const register = async () => {
    await made;
    const body = { device_serial_number: nextSerial(), store_id: storeId };
    return (await call("POST", `${account}/terminals`, body)).body.terminal_id as string;
  };
  return {
    path,
    call,
    /** A terminal without a device. */
    register,
    /** A terminal that is ACTIVE and connected. */
    async till(answering: Answering = closes()): Promise<Till> {
      const id = await register();
      const entry = (await call("POST", `${account}/terminals/${id}/credentials`)).body;
      const till = new Till(await PresentDevice.connect(server, entry), entry, { answering, number: 0 });
      await till.device.greet();
      await call("POST", "/v1/admin/terminals/operations", { terminal_id: id, operation: "check_update" });
      await till.device.next("receipt");
      return till;
    },
    /** The device of a terminal that had left comes back, and goes on with its log. */
    async back(till: Till, answering: Answering = closes()): Promise<Till> {
      const device = await PresentDevice.connect(server, till.entry);
      const again = new Till(device, till.entry, { answering, number: till.number });
      await device.greet();
      return again;
    },
    untilPresence: async ({ id }: Till, status: string) => {
      const url = `${account}/terminals/${id}/presence`;
      await expect.poll(async () => (await call("GET", url)).body.status, { timeout: 30_000 }).toBe(status);
    },
    /** Waits until the server has heard of so many open transactions. */
    untilTold: async ({ id }: Till, count: number) => {
      const url = `${account}/terminals/${id}/telemetry`;
      const told = async () => (await call("GET", url)).body.telemetry.open_batch?.value.transactions_count;
      await expect.poll(told, { timeout: 10_000 }).toBe(count);
    },
    preview: async (query = "") => (await call("GET", `${path}/preview${query}`)).body,
    async close(body?: ClosingCreate, headers: Record<string, string> = { prefer: "wait=20" }) {
      await made;
      const send = () => server.call<Closing>("POST", path, { token: tenant.token, body, headers });
      const answer = await send();
      // On a machine with much to do a request may be asked to come again.
      return answer.status === 503 ? send() : answer;
    },
    read: async (id: string): Promise<Closing> => (await call("GET", `${path}/${id}`)).body,
  };
}

/** Moves business time ahead to that instant, and waits until the server goes by it. */
export async function moveTo(server: TestServer, instant: string, store: ReturnType<typeof storeOf>): Promise<void> {
  await server.db.pool.query(
    `insert into business_clock (ahead_ms)
     values (extract(epoch from ($1::timestamptz - clock_timestamp()))::float8 * 1000)
     on conflict (one) do update set ahead_ms = excluded.ahead_ms`,
    [instant],
  );
  await expect.poll(async () => (await store.preview()).at >= instant).toBe(true);
}

/**
 * Days and times of next year; of the year after it for a test that is tried again, since business time does not go back.
 */
export function comingYear(server: TestServer, store: ReturnType<typeof storeOf>) {
  let year = new Date().getUTCFullYear() + 1;
  beforeEach(({ task }) => {
    if (task.result?.retryCount) year += 1;
  });
  const day = (date: string) => `${year}-${date}`;
  return { day, move: (instant: string) => moveTo(server, day(instant), store) };
}

/** Where a terminal stands in a closing. */
export function standing({ terminals }: Closing, { id }: { id: string }): ClosingTerminal {
  return terminals.find((terminal) => terminal.terminal_id === id) as ClosingTerminal;
}
