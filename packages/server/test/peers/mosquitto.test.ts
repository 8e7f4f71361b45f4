import { execFile } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type Mosquitto, startMosquitto } from "@tillkeeper/stage/brokers/mosquitto";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { Program } from "@tillkeeper/stage/processes/program";
import { startTestServer, type TestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { createVirtualFleet } from "@tillkeeper/virtual-terminals/virtual/fleet";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

const run = promisify(execFile);
const base = "/v1/admin/terminals/operations";

/** A terminal made from Debian's mosquitto_sub and mosquitto_pub, after the protocol document alone. */
class ShellTerminal {
  readonly heard: { topic: string; message: Record<string, unknown> }[] = [];
  readonly #arguments: string[];
  readonly #listener: Program;
  readonly #address: string;

  constructor({
    address,
    mqtt_url,
    username,
    password,
  }: Record<"address" | "mqtt_url" | "username" | "password", string>) {
    const { hostname, port } = new URL(mqtt_url);
    this.#address = address;
    this.#arguments = ["-h", hostname, "-p", port, "-u", username, "-P", password, "-q", "1", "-V", "mqttv311"];
    const topics = ["welcome", "command", "receipt", "rejection"].flatMap((channel) => [
      "-t",
      `tillkeeper/v1/${address}/${channel}`,
    ]);
    this.#listener = new Program(["mosquitto_sub", ...this.#arguments, "-i", address, "-k", "30", "-v", ...topics], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    createInterface({ input: this.#listener.child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      const [topic = "", ...rest] = line.split(" ");
      this.heard.push({ topic, message: JSON.parse(rest.join(" ")) });
    });
  }

  async say(channel: string, message: object): Promise<void> {
    const topic = `tillkeeper/v1/${this.#address}/${channel}`;
    await run("mosquitto_pub", [
      ...this.#arguments,
      "-i",
      `${this.#address}:say`,
      "-t",
      topic,
      "-m",
      JSON.stringify(message),
    ]);
  }

  /** Repeats the hello until the listener has received the welcome, because the listener connects in parallel. */
  async hello(): Promise<void> {
    await vi.waitUntil(
      async () => {
        const sent_at = new Date().toISOString();
        await this.say("hello", { protocol: 1, agent: "shell/1", sent_at, session: "shell", operations: [] });
        return this.heard.some((entry) => entry.topic.endsWith("/welcome"));
      },
      { timeout: 15_000, interval: 100 },
    );
  }

  async next(channel: string, of: (message: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    return vi.waitUntil(
      () => this.heard.find((entry) => entry.topic.endsWith(`/${channel}`) && of(entry.message))?.message,
      {
        timeout: 15_000,
        interval: 20,
      },
    );
  }

  async leave(): Promise<void> {
    await this.#listener.end("SIGTERM");
  }
}

describe("a terminal made of mosquitto_sub and mosquitto_pub", async () => {
  const { server, tenant } = await world();
  let terminal: ShellTerminal;
  let terminalId: string;
  beforeAll(async () => {
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const body = { device_serial_number: "123456789012", store_id: "S312" };
    terminalId = (await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body })).body
      .terminal_id;
    const credential = await server.call(
      "POST",
      `/v1/accounts/${tenant.aid}/terminals/${terminalId}/credentials`,
      tenant,
    );
    terminal = new ShellTerminal(credential.body);
  });
  afterAll(async () => {
    await terminal.leave();
  });

  async function perform(operation: string, result: object) {
    const sent = await server.call("POST", base, { ...tenant, body: { terminal_id: terminalId, operation } });
    expect(sent.status).toBe(201);
    const command = await terminal.next("command", (message) => message["operation_id"] === sent.body.id);
    expect(command).toMatchObject({ operation, expires_at: sent.body.deadline });
    await terminal.say("started", { operation_id: sent.body.id, started_at: new Date().toISOString() });
    const finished_at = new Date().toISOString();
    await terminal.say("result", { operation_id: sent.body.id, operation, status: "COMPLETED", finished_at, result });
    const receipt = await terminal.next("receipt", (message) => message["operation_id"] === sent.body.id);
    expect(receipt["status"]).toBe("COMPLETED");
    const { body } = await server.call("GET", `${base}?operation_id=${sent.body.id}`, tenant);
    expect(body).toMatchObject([{ id: sent.body.id, status: "COMPLETED", result }]);
  }

  it("says hello, fetches its configuration, and closes the day", async () => {
    await terminal.hello();
    await perform("check_update", {
      current_version: "1",
      latest_version: "1",
      update_available: false,
      configuration_version: "1",
    });
    await perform("end_of_day", {
      outcome: "accepted",
      batch_id: "1",
      start_of_day_at: "2026-11-20T06:00:00Z",
      last_end_of_day_at: "2026-11-19T22:00:00Z",
      purchases_count: 1,
      purchases_amount: 100,
      reversals_count: 0,
      reversals_amount: 0,
      sale_amount: 100,
      tip_amount: 0,
      currency: "NOK",
    });
  });

  it("learns where a message of its own was wrong", async () => {
    await terminal.say("result", { operation_id: "1", operation: "open_menu", status: "COMPLETED" });
    const rejection = await terminal.next("rejection", (message) => message["channel"] === "result");
    expect(rejection["errors"]).toEqual(expect.arrayContaining([expect.objectContaining({ path: "/operation_id" })]));
  });
});

describe("Mosquitto as the outside broker (MQTT_URL)", () => {
  const folder = folderOfTests("fleet");
  let mosquitto: Mosquitto;
  let server: TestServer;
  const fleet = createVirtualFleet({ folder: join(folder, "terminals") });
  beforeAll(async () => {
    mosquitto = await startMosquitto();
    const mqtt = { port: { number: 0, configured: true }, outsideUrl: mosquitto.url };
    server = await startTestServer({ virtualTerminalHost: fleet, config: { mqtt } });
  });
  afterAll(async () => {
    await server.stop();
    await fleet.stopAll();
    await mosquitto.stop();
  });

  it("carries all four operations of a virtual terminal", async () => {
    const tenant = await server.account();
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
    const body = { device_serial_number: `SIMULATED-${tenant.aid}-001`, store_id: "S312" };
    const terminal = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body });
    for (const operation of ["check_update", "send_logs", "open_menu", "end_of_day"]) {
      const sent = await server.call("POST", base, {
        ...tenant,
        body: { terminal_id: terminal.body.terminal_id, operation },
      });
      expect(sent.status).toBe(201);
      const status = async () => (await server.call("GET", `${base}/${sent.body.id}`, tenant)).body.status;
      await vi.waitUntil(async () => (await status()) !== "PENDING", { interval: 50 });
      expect(await status()).toBe("COMPLETED");
    }
    expect((await server.call("GET", "/health/ready")).body).toMatchObject({ broker: "up" });
  });
});
