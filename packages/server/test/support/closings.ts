import { randomUUID } from "node:crypto";
import type { Closing, ClosingTerminal } from "@tillkeeper/contract/http/closing-schemas";
import type { ClosingCreate } from "@tillkeeper/contract/http/closings";
import type { Device } from "@tillkeeper/stage/devices/device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import type { SharedServer, Tenant } from "@tillkeeper/stage/servers/test-server";
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
  readonly device: Device;
  answering: Answering;
  /** The commands to close that came, copies of one as one. */
  readonly commands: Record<string, unknown>[] = [];
  #number = 0;

  constructor(device: Device, answering: Answering) {
    this.device = device;
    this.answering = answering;
    device.client.on("message", (name, payload) => {
      if (name.endsWith("/command")) void this.#obey(JSON.parse(payload.toString()));
    });
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

  /** Somebody closes the day at the terminal. */
  async closeByHand(more: object = {}): Promise<string> {
    const operation_id = randomUUID();
    await this.say({ operation_id, operation: "end_of_day", by_hand: true, ...closes()({}), ...more });
    return operation_id;
  }

  leave(): Promise<void> {
    return this.device.leave();
  }
}

/** A store with terminals, and the requests about its closings. */
export function storeOf(server: SharedServer, tenant: Tenant, storeId: string) {
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
      const till = new Till(await PresentDevice.connect(server, entry), answering);
      await till.device.hello();
      await till.device.next("welcome");
      await call("POST", "/v1/admin/terminals/operations", { terminal_id: id, operation: "check_update" });
      await till.device.next("receipt");
      return till;
    },
    async close(body?: ClosingCreate, headers: Record<string, string> = { prefer: "wait=20" }) {
      await made;
      return server.call<Closing>("POST", path, { token: tenant.token, body, headers });
    },
    read: async (id: string): Promise<Closing> => (await call("GET", `${path}/${id}`)).body,
  };
}

/** Where a terminal stands in a closing. */
export function standing({ terminals }: Closing, { id }: { id: string }): ClosingTerminal {
  return terminals.find((terminal) => terminal.terminal_id === id) as ClosingTerminal;
}
