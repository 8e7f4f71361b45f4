import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { Config } from "../../../src/config.ts";
import type { TestBroker } from "../../support/broker-process.ts";
import { embeddedConfig } from "../../support/brokers.ts";
import type { Authority } from "../../support/certificates.ts";
import { freePort } from "../../support/free-port.ts";
import { watcher } from "../../support/presence.ts";
import { startTestServer, type Tenant, type TestServer } from "../../support/test-server.ts";
import { brokerOf, type CarrierName, carriers, levelOf } from "./carriers.ts";

export const operations = "/v1/admin/terminals/operations";

/** One server with one broker, that all tests of a carrier share. */
export class Stage {
  readonly carrier: CarrierName;
  readonly server: TestServer;
  readonly tenant: Tenant;
  readonly broker: TestBroker | undefined;
  /** What a further server on the same broker is configured with. */
  readonly mqtt: Config["mqtt"];
  readonly see: ReturnType<typeof watcher>;
  readonly dataDir: string;
  /** Of the authority that devices are to trust. */
  readonly caFile: string | undefined;
  readonly #folder: string;
  #made = 0;

  private constructor(
    carrier: CarrierName,
    parts: Pick<Stage, "server" | "tenant" | "broker" | "mqtt" | "dataDir" | "caFile">,
  ) {
    this.carrier = carrier;
    this.server = parts.server;
    this.tenant = parts.tenant;
    this.broker = parts.broker;
    this.mqtt = parts.mqtt;
    this.dataDir = parts.dataDir;
    this.caFile = parts.caFile;
    this.see = watcher(parts.server, parts.tenant);
    this.#folder = mkdtempSync(join(tmpdir(), "tillkeeper-suite-"));
  }

  /** With an authority, the broker has a certificate of it, and server and devices come with TLS and trust nobody else. */
  static async open(carrier: CarrierName, authority?: Authority): Promise<Stage> {
    const tls = authority?.issue("IP:127.0.0.1");
    const broker = await brokerOf(carrier, { tls });
    const number = await freePort();
    await broker?.start(`http://127.0.0.1:${number}`);
    // Both ports stay its own over a restart: nobody tells the agents another address.
    const own = { port: { number: await freePort(), configured: true }, outsideUrl: undefined, tls };
    const mqtt = broker ? { ...broker.mqtt, caFile: tls?.caFile } : own;
    const http = { host: "127.0.0.1", port: { number, configured: true } };
    const dataDir = mkdtempSync(join(tmpdir(), "tillkeeper-suite-data-"));
    const server = await startTestServer({ config: { mqtt, http, dataDir } });
    await ready(server);
    const tenant = await server.account("T68000001");
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const furtherMqtt = broker ? mqtt : embeddedConfig;
    return new Stage(carrier, { server, tenant, broker, mqtt: furtherMqtt, dataDir, caFile: tls?.caFile });
  }

  async close(): Promise<void> {
    await this.server.stop();
    await this.broker?.stop();
    for (const folder of [this.#folder, this.dataDir]) rmSync(folder, { recursive: true, force: true });
  }

  get transport(): "mqtt" | "https" {
    return carriers[this.carrier].transport;
  }

  /** The version of MQTT that a client written by hand speaks here. */
  get level(): 4 | 5 {
    return levelOf(this.carrier);
  }

  /** A folder that is not there yet. */
  folder(): string {
    return join(this.#folder, String((this.#made += 1)));
  }

  call(method: string, path: string, body?: object) {
    return this.server.call(method, path, { ...this.tenant, ...(body && { body }) });
  }

  terminal(id: string, below = ""): string {
    return `/v1/accounts/${this.tenant.aid}/terminals/${id}${below}`;
  }

  /** A terminal that waits for its device, with its pairing code. */
  async register(deviceModel = "SATURN1000"): Promise<{ id: string; serial: string; code: string }> {
    const serial = `SUITE-${this.carrier}-${(this.#made += 1)}`;
    const body = { device_serial_number: serial, store_id: "S312", device_model: deviceModel };
    const answer = await this.call("POST", `/v1/accounts/${this.tenant.aid}/terminals`, body);
    if (answer.status !== 201) throw unexpected("terminal", answer);
    return { id: answer.body.terminal_id, serial, code: answer.body.pairing.code };
  }

  async statusOf(id: string): Promise<string> {
    return (await this.call("GET", this.terminal(id))).body.status;
  }

  /** Has an operation accepted, and answers its id. */
  async send(terminalId: string, operation: string, more: object = {}): Promise<string> {
    const answer = await this.call("POST", operations, { terminal_id: terminalId, operation, ...more });
    if (answer.status !== 201) throw unexpected(operation, answer);
    return answer.body.id;
  }

  async operation(id: string) {
    return (await this.call("GET", `${operations}/${id}`)).body;
  }

  /** The operation once it has ended. */
  async ended(id: string, timeout = 60_000) {
    await vi.waitUntil(async () => (await this.operation(id)).status !== "PENDING", { timeout, interval: 25 });
    return this.operation(id);
  }

  async reaches(id: string, phase: string): Promise<void> {
    await vi.waitUntil(async () => (await this.operation(id)).phase === phase, { interval: 10 });
  }

  /** Carries an operation out that must succeed, and answers its result. */
  async perform(terminalId: string, operation: string, more: object = {}) {
    const ended = await this.ended(await this.send(terminalId, operation, more));
    if (ended.status !== "COMPLETED") throw unexpected(operation, ended);
    return ended.result;
  }
}

function unexpected(what: string, answer: { status: unknown; body?: unknown }): Error {
  return new Error(`${what}: ${JSON.stringify(answer.body ?? answer)}`);
}

export async function ready(server: TestServer): Promise<void> {
  const status = async () => (await server.call("GET", "/health/ready")).status;
  await vi.waitUntil(async () => (await status()) === 200, { interval: 50 });
}
