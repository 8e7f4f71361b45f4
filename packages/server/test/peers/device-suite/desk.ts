import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tenant, TestServer } from "@tillkeeper/stage/servers/test-server";
import { vi } from "vitest";
import { watcher } from "../../support/presence.ts";

export const operations = "/v1/admin/terminals/operations";

/** The operator's side of the tests: requests to the API of a server. */
export class Desk<Server extends Pick<TestServer, "call"> = Pick<TestServer, "call">> {
  readonly server: Server;
  readonly tenant: Tenant;
  readonly see: ReturnType<typeof watcher>;
  readonly #name: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "tillkeeper-suite-"));
  #made = 0;

  /** `name` becomes part of the serial numbers of the registered terminals. */
  constructor(server: Server, tenant: Tenant, name: string) {
    this.server = server;
    this.tenant = tenant;
    this.see = watcher(server, tenant);
    this.#name = name;
  }

  /** Returns the path of a folder that does not exist yet. */
  folder(): string {
    return join(this.#folder, String((this.#made += 1)));
  }

  /** Removes all folders. */
  tidy(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  call(method: string, path: string, body?: object) {
    return this.server.call(method, path, { ...this.tenant, ...(body && { body }) });
  }

  terminal(id: string, below = ""): string {
    return `/v1/accounts/${this.tenant.aid}/terminals/${id}${below}`;
  }

  /** Registers a terminal; its device has not paired yet. Returns its pairing code. */
  async register(deviceModel = "SATURN1000"): Promise<{ id: string; serial: string; code: string }> {
    const serial = `SUITE-${this.#name}-${(this.#made += 1)}`;
    const body = { device_serial_number: serial, store_id: "S312", device_model: deviceModel };
    const answer = await this.call("POST", `/v1/accounts/${this.tenant.aid}/terminals`, body);
    if (answer.status !== 201) throw unexpected("terminal", answer);
    return { id: answer.body.terminal_id, serial, code: answer.body.pairing.code };
  }

  async statusOf(id: string): Promise<string> {
    return (await this.call("GET", this.terminal(id))).body.status;
  }

  /** Requests an operation and returns its id. Throws when the server does not accept it. */
  async send(terminalId: string, operation: string, more: object = {}): Promise<string> {
    const answer = await this.call("POST", operations, { terminal_id: terminalId, operation, ...more });
    if (answer.status !== 201) throw unexpected(operation, answer);
    return answer.body.id;
  }

  async operation(id: string) {
    return (await this.call("GET", `${operations}/${id}`)).body;
  }

  /** Waits for the end of an operation and returns it. `timeout` is in milliseconds. */
  async ended(id: string, timeout = 60_000) {
    await vi.waitUntil(async () => (await this.operation(id)).status !== "PENDING", { timeout, interval: 25 });
    return this.operation(id);
  }

  async reaches(id: string, phase: string): Promise<void> {
    await vi.waitUntil(async () => (await this.operation(id)).phase === phase, { interval: 10 });
  }

  /** Requests an operation and returns its result. Throws when the operation does not succeed. */
  async perform(terminalId: string, operation: string, more: object = {}) {
    const ended = await this.ended(await this.send(terminalId, operation, more));
    if (ended.status !== "COMPLETED") throw unexpected(operation, ended);
    return ended.result;
  }
}

function unexpected(what: string, answer: { status: unknown; body?: unknown }): Error {
  return new Error(`${what}: ${JSON.stringify(answer.body ?? answer)}`);
}
