import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { JavaAgent } from "../support/java-agent.ts";
import { startTestServer, type Tenant, type TestServer } from "../support/test-server.ts";

const base = "/v1/admin/terminals/operations";

describe("the Java agent at a real server", () => {
  let java: JavaAgent;
  let server: TestServer;
  let tenant: Tenant;
  let terminals = 0;
  beforeAll(async () => {
    java = await JavaAgent.compile();
    server = await startTestServer();
    tenant = await server.account("T69000001");
    await server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: { store_id: "S312" } });
  });
  afterAll(async () => {
    await server?.stop();
    java?.remove();
  });

  /** Switched on, with a terminal that is ACTIVE. */
  async function device() {
    terminals += 1;
    const serial = `69000000000${terminals}`;
    const folder = mkdtempSync(join(tmpdir(), "tk-java-device-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const body = { device_serial_number: serial, store_id: "S312" };
    const { body: terminal } = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body });
    const path = `/v1/accounts/${tenant.aid}/terminals/${terminal.terminal_id}`;
    const credentials = `${folder}.json`;
    onTestFinished(() => rmSync(credentials, { force: true }));
    writeFileSync(credentials, JSON.stringify((await server.call("POST", `${path}/credentials`, tenant)).body));
    let running: ReturnType<JavaAgent["start"]> | undefined;
    onTestFinished(() => running?.end("SIGTERM"));

    const presence = async () => (await server.call("GET", `${path}/presence`, tenant)).body.status;
    const post = (operation: string, more: object = {}) =>
      server.call("POST", base, { ...tenant, body: { terminal_id: terminal.terminal_id, operation, ...more } });
    const get = async (id: string) => (await server.call("GET", `${base}/${id}`, tenant)).body;
    const reaches = (id: string, phase: string) => vi.waitUntil(async () => (await get(id)).phase === phase);
    const ended = async (id: string) => {
      await vi.waitUntil(async () => (await get(id)).status !== "PENDING");
      return get(id);
    };
    const perform = async (operation: string, more: object = {}) => {
      const sent = await post(operation, more);
      expect(sent.status).toBe(201);
      return ended(sent.body.id);
    };
    const launch = () => {
      running = java.start(folder, credentials);
      return running;
    };
    const shown = async () => (await server.call("GET", path, tenant)).body;
    const list = async () => (await server.call("GET", `${base}?terminal_id=${terminal.terminal_id}`, tenant)).body;

    launch();
    // Its hello has been dealt with: the terminal takes operations.
    await vi.waitUntil(async () => (await shown()).abilities !== undefined);
    expect(await perform("check_update")).toMatchObject({
      status: "COMPLETED",
      result: { current_version: "1.0.0" },
    });
    const current = () => running as NonNullable<typeof running>;
    return { folder, post, reaches, ended, perform, launch, shown, list, presence, running: current };
  }

  it("does what it says that it can, and is not asked for the rest; a goodbye is the last of it", async () => {
    const { shown, perform, post, running, presence } = await device();
    expect(await shown()).toMatchObject({
      status: "ACTIVE",
      abilities: [
        { operation: "end_of_day", max_seconds: 30 },
        { operation: "check_update", max_seconds: 5 },
        { operation: "open_menu", max_seconds: 10 },
      ],
    });
    expect(await perform("open_menu")).toMatchObject({ status: "COMPLETED", result: { opened: true } });
    const closes = [await perform("end_of_day"), await perform("end_of_day")];
    expect(closes.map(({ status, result }) => [status, result.batch_id])).toEqual([
      ["COMPLETED", "000001"],
      ["COMPLETED", "000002"],
    ]);
    expect((await post("send_logs")).status).toBe(409);
    await running().end("SIGTERM");
    await vi.waitUntil(async () => (await presence()) === "shut_down");
  });

  it("begins nothing during a payment, and waits for its end where it may", async () => {
    const { folder, perform, post, reaches, ended } = await device();
    const paying = join(folder, "reader", "paying");
    writeFileSync(paying, "");
    expect(await perform("end_of_day")).toMatchObject({ status: "FAILED", reason: "busy_payment" });
    const { body: waiting } = await post("end_of_day", { when_busy: "wait" });
    await reaches(waiting.id, "delivered");
    rmSync(paying);
    expect(await ended(waiting.id)).toMatchObject({ status: "COMPLETED", result: { batch_id: "000001" } });
    writeFileSync(paying, "");
    expect(await perform("open_menu", { when_busy: "wait", timeout: 10 })).toMatchObject({
      status: "FAILED",
      reason: "busy_payment",
    });
  });

  it("tells of a day that was closed by hand before it closes another", async () => {
    const { folder, perform, list } = await device();
    await java.closeByHand(folder);
    expect(await perform("end_of_day")).toMatchObject({ status: "FAILED", reason: "out_of_step" });
    const byHand = (await list()).find(({ created_by: by }: { created_by: string }) => by.startsWith("terminal:"));
    expect(byHand).toMatchObject({ status: "COMPLETED", result: { batch_id: "000001", outcome: "unconfirmed" } });
    expect(await perform("end_of_day")).toMatchObject({ status: "COMPLETED", result: { batch_id: "000002" } });
  });

  it("brings its journal through kill -9 in the middle of a close, and closes nothing twice", async () => {
    const { perform, post, reaches, ended, running, launch } = await device();
    const { body: cut } = await post("end_of_day");
    await reaches(cut.id, "started");
    await running().end("SIGKILL");
    launch();
    expect(await ended(cut.id)).toMatchObject({
      status: "FAILED",
      reason: "device_error",
      error: { code: "interrupted" },
    });
    expect(await perform("end_of_day")).toMatchObject({ status: "COMPLETED", result: { batch_id: "000001" } });
  });

  it("stops without its journal, and says that it needs another password", async () => {
    const { folder, running, launch } = await device();
    await running().end("SIGKILL");
    rmSync(join(folder, "journal"), { recursive: true });
    const lost = launch();
    expect(await lost.ended()).toBe(3);
    expect(lost.stderr).toMatch(/^The journal of T69000001-T\d+-D\d+ is lost\. It needs another password/);
  });
});
