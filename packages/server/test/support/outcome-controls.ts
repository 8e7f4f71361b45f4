import { randomUUID } from "node:crypto";
import { type Device, type Entry, enterAs } from "@tillkeeper/stage/devices/device";
import { vi } from "vitest";
import type { RunningServer } from "../../src/main.ts";
import type { OutcomeRow } from "./outcome-table.ts";
import type { OperationAnswer, SandboxClient } from "./sandbox-client.ts";

const operations = "/admin/terminals/operations";
const windowSeconds = 5;
/** What a refused request is answered. */
interface Refusal {
  status: number;
  body: { error?: { code: string } };
}
/** What came of a row: an operation as it stands in the end, or a refusal. */
export type Seen = OperationAnswer | Refusal;

/** Does what rows of the table of operations say, at a running sandbox. */
export class OutcomeControls {
  readonly #server: Pick<RunningServer, "mqttUrl">;
  readonly #client: SandboxClient;
  #device: Device | undefined;

  constructor(server: Pick<RunningServer, "mqttUrl">, client: SandboxClient) {
    this.#server = server;
    this.#client = client;
  }

  /** Carries out a row and returns what was seen; the terminal is as usual again afterwards. */
  async carryOut({ operation, controls, outcome }: OutcomeRow): Promise<Seen> {
    const client = this.#client;
    const terminalId = await this.#terminalOf(controls);
    const given = (word: string) => argument(controls, word);
    const [put, byHand, clock] = [given("PUT"), given("by hand"), given("clock")];
    if (put !== undefined) await this.#put(terminalId, JSON.parse(put));
    if (controls.includes("purchase")) await this.#atTerminal(terminalId, "purchases", { amount: 12_900 });
    if (controls.includes("close")) await this.#atTerminal(terminalId, "closes", {});
    const fault = controls.find((control) => control.startsWith("simulate:"));
    const more = { timeout: windowSeconds, ...(fault && { parameters: { operator_id: fault } }) };
    try {
      const sent = await this.#send(terminalId, operation, more, controls);
      if (sent.status !== 201) return sent;
      const { id } = sent.body as OperationAnswer;
      if (byHand) await this.#answerByHand(id, operation, JSON.parse(byHand));
      if (clock) await client.call("PUT", "/sandbox/clock", { advance: clock });
      if (controls.includes("again")) return this.#first(id, await client.operate(terminalId, operation, more));
      if (controls.includes("cancel")) await this.#cancelStarted(id);
      if (outcome[0] === "PENDING") return this.#first(id, await client.read(id));
      const ended = await client.ended(id);
      if (controls.includes("cancel late")) return client.call("POST", `${operations}/${id}/cancel`);
      return outcome.includes("late_result") ? client.ended(id, (one) => one.late_result !== undefined) : ended;
    } finally {
      await this.#asUsual(terminalId, put);
    }
  }

  /** Sends the operation; by some controls more than once, and the last answer counts. */
  async #send(terminalId: string, operation: string, more: object, controls: readonly string[]) {
    const client = this.#client;
    if (controls.includes("limit")) {
      const all = await Promise.all(Array.from({ length: 20 }, () => client.operate(terminalId, operation, more)));
      return all.find(({ status }) => status === 429) ?? { status: 0, body: {} };
    }
    if (controls.includes("key")) {
      const headers = { "idempotency-key": randomUUID() };
      const body = { terminal_id: terminalId, operation, ...more };
      const { body: first } = await client.call<OperationAnswer>("POST", operations, body, headers);
      await client.ended(first.id);
      return client.call("POST", operations, { ...body, timeout: windowSeconds + 1 }, headers);
    }
    return client.operate(terminalId, operation, more);
  }

  /** Returns what was seen once the operation is out of the way. */
  async #first<T>(operationId: string, seen: T): Promise<T> {
    await this.#client.ended(operationId);
    return seen;
  }

  async #cancelStarted(operationId: string): Promise<void> {
    const phase = async () => ((await this.#client.read(operationId)) as unknown as { phase: string }).phase;
    await vi.waitUntil(async () => (await phase()) === "started");
    const { status } = await this.#client.call("POST", `${operations}/${operationId}/cancel`);
    if (status !== 202 && status !== 200) throw new Error(`The cancel was answered ${status}.`);
  }

  async #answerByHand(operationId: string, operation: string, fields: object): Promise<void> {
    await this.#device?.next("command");
    const finished_at = new Date().toISOString();
    await this.#device?.say("result", { operation_id: operationId, operation, finished_at, ...fields });
  }

  /** The terminal that the row is about, online unless it has no device. */
  async #terminalOf(controls: readonly string[]): Promise<string> {
    const serial = argument(controls, "serial");
    if (serial !== undefined) {
      const virtual = serial.length === 3;
      const id = await this.#register(virtual ? `SIMULATED-${this.#client.accountId}-${serial}` : serial);
      if (virtual) await this.#client.until(id);
      return id;
    }
    if (argument(controls, "by hand") === undefined) return this.#client.terminalIds[0] ?? "";
    const id = await this.#register(String(700_000_000 + Math.floor(Math.random() * 99_999_999)));
    const path = `${this.#client.account}/terminals/${id}/credentials`;
    this.#device = await enterAs(this.#server, (await this.#client.call<Entry>("POST", path)).body);
    await this.#device.hello();
    await this.#device.next("welcome");
    return id;
  }

  /** Registers a terminal, or finds it where a new sandbox has it already. */
  async #register(serialNumber: string): Promise<string> {
    const { account, call, terminalIds } = this.#client;
    const body = { store_id: "oslo-center", device_serial_number: serialNumber };
    const made = await call<{ terminal_id: string }>("POST", `${account}/terminals`, body);
    if (made.status === 201) return made.body.terminal_id;
    for (const id of terminalIds) {
      const { body: one } = await call<{ device_serial_number: string }>("GET", `${account}/terminals/${id}`);
      if (one.device_serial_number === serialNumber) return id;
    }
    throw new Error(`${serialNumber}: ${made.status} ${JSON.stringify(made.body)}`);
  }

  async #put(terminalId: string, body: { fault?: string; link?: string }): Promise<void> {
    const { status } = await this.#client.control(terminalId, body);
    if (status !== 200) throw new Error(`The control was answered ${status}.`);
    if (body.link === "down") await this.#client.until(terminalId, "late");
    // The terminal restarts for it, and the server knows with the hello that follows.
    if (body.fault === "no_menu") await this.#untilMenu(terminalId, 409);
  }

  async #untilMenu(terminalId: string, status: number): Promise<void> {
    await vi.waitUntil(
      async () => {
        const sent = await this.#client.operate(terminalId, "open_menu", { timeout: windowSeconds });
        if (sent.status === 201) await this.#client.ended(sent.body.id);
        return sent.status === status;
      },
      { timeout: 20_000, interval: 200 },
    );
  }

  async #atTerminal(terminalId: string, what: string, body: object): Promise<void> {
    const { status } = await this.#client.call("POST", `/sandbox/terminals/${terminalId}/${what}`, body);
    if (status !== 201) throw new Error(`${what} was answered ${status}.`);
  }

  async #asUsual(terminalId: string, put: string | undefined): Promise<void> {
    await this.#device?.leave();
    this.#device = undefined;
    if (put === undefined) return;
    await this.#client.control(terminalId, {});
    await this.#client.until(terminalId);
    if (put.includes("no_menu")) await this.#untilMenu(terminalId, 201);
  }
}

/** What stands behind the word in a control; empty if nothing does, undefined if no control begins with it. */
function argument(controls: readonly string[], word: string): string | undefined {
  const found = controls.find((control) => control === word || control.startsWith(`${word} `));
  return found?.slice(word.length + 1);
}
