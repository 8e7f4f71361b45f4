import { limits } from "@tillkeeper/contract/limits";
import { type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PresentDevice, register as registerIn } from "./support/presence.ts";

describe("configurations", async () => {
  const { server, tenant } = await world({ own: {} });
  const path = (of = tenant) => `/v1/accounts/${of.aid}/configurations`;
  const stranger = await server.account();

  const add = (body: object, of = tenant) => server.call("POST", path(of), { ...of, body });
  const ofTerminal = (terminalId: string, of = tenant) =>
    server.call("GET", `/v1/accounts/${of.aid}/terminals/${terminalId}/configuration`, of);

  it("are counted, kept as they are, and listed newest first", async () => {
    const account = await server.account();
    const content = {
      receipts: { footer: "Takk for besøket" },
      brightness: 80,
      languages: ["nb", "en"],
      z: 1,
      a: null,
    };
    const first = await add({ content }, account);
    expect(first).toMatchObject({ status: 201, body: { version: "1", created_by: account.clientId } });
    expect(first.body.content).toEqual(content);
    const made = await Promise.all(Array.from({ length: 5 }, (_, n) => add({ content: { n } }, account)));
    expect(new Set(made.map(({ body }) => body.version))).toEqual(new Set(["2", "3", "4", "5", "6"]));
    const list = async (query: string) => (await server.call("GET", `${path(account)}?${query}`, account)).body;
    const page = await list("limit=4");
    expect(page.configurations.map(({ version }: { version: string }) => version)).toEqual(["6", "5", "4", "3"]);
    const rest = await list(`limit=4&starting_after=${page.starting_after}`);
    expect(rest.configurations.map(({ version }: { version: string }) => version)).toEqual(["2", "1"]);
    expect(rest.starting_after).toBeUndefined();
    expect((await server.call("GET", `${path(account)}/1`, account)).body).toEqual(first.body);
  });

  it("hold for a terminal by how narrow they are, then by how new", async () => {
    const post = (what: string, body: object) =>
      server.call("POST", `/v1/accounts/${tenant.aid}/${what}`, { ...tenant, body });
    await post("stores", { store_id: "S1" });
    await post("stores", { store_id: "S2" });
    const register = async (serial: string, store_id: string, device_model: string | undefined) => {
      const body = { device_serial_number: serial, store_id, ...(device_model && { device_model }) };
      return (await post("terminals", body)).body.terminal_id as string;
    };
    const both = await register("C1", "S1", "SATURN1000");
    const storeOnly = await register("C2", "S1", "S1P2");
    const modelOnly = await register("C3", "S2", "SATURN1000");
    const neither = await register("C4", "S2", undefined);
    const holds = async () => {
      const answers = await Promise.all([both, storeOnly, modelOnly, neither].map((id) => ofTerminal(id)));
      return answers.map(({ body }) => body.configuration?.content.is ?? null);
    };
    expect(await holds()).toEqual([null, null, null, null]);
    await add({ store_id: "S1", device_model: "SATURN1000", content: { is: "both" } });
    await add({ store_id: "S1", content: { is: "store" } });
    await add({ device_model: "SATURN1000", content: { is: "model" } });
    await add({ content: { is: "all" } });
    expect(await holds()).toEqual(["both", "store", "model", "all"]);
    await add({ device_model: "SATURN1000", content: { is: "newer model" } });
    expect(await holds()).toEqual(["both", "store", "newer model", "all"]);
    const newest = (await server.call("GET", `${path()}?limit=1`, tenant)).body.configurations[0];
    const withdrawn = await server.call("DELETE", `${path()}/${newest.version}`, tenant);
    expect(withdrawn).toMatchObject({ status: 200, body: { ...newest, withdrawn_by: tenant.clientId } });
    expect((await server.call("DELETE", `${path()}/${newest.version}`, tenant)).body).toEqual(withdrawn.body);
    expect(await holds()).toEqual(["both", "store", "model", "all"]);
    const filtered = await server.call("GET", `${path()}?store_id=S1&device_model=SATURN1000`, tenant);
    expect(filtered.body.configurations).toMatchObject([
      { store_id: "S1", device_model: "SATURN1000", content: { is: "both" } },
    ]);
    const nowhere = await server.call("GET", `${path()}?store_id=S99`, tenant);
    expect(nowhere.body.configurations).toEqual([]);
  });

  describe("of a terminal", () => {
    let device: Device;
    beforeAll(async () => {
      device = await registerDevice(server, tenant, "C10");
    });
    afterAll(() => device.leave());

    it("show what it reported with its last completed check_update", async () => {
      const { body: laid } = await add({ store_id: "S312", content: { mode: "kiosk" } });
      expect((await ofTerminal(device.terminalId)).body).toEqual({
        terminal_id: device.terminalId,
        configuration: laid,
        reported: null,
        up_to_date: false,
      });
      await device.hello();
      await device.next("welcome");
      const { body: sent } = await server.call("POST", "/v1/admin/terminals/operations", {
        ...tenant,
        body: { terminal_id: device.terminalId, operation: "check_update" },
      });
      await device.next("command");
      await device.say("result", {
        operation_id: sent.id,
        operation: "check_update",
        status: "COMPLETED",
        finished_at: new Date().toISOString(),
        result: {
          current_version: "7.3",
          latest_version: "7.3",
          update_available: false,
          configuration_version: laid.version,
        },
      });
      await device.next("receipt");
      expect((await ofTerminal(device.terminalId)).body).toEqual({
        terminal_id: device.terminalId,
        configuration: laid,
        reported: { software_version: "7.3", configuration_version: laid.version, at: expect.any(String) },
        up_to_date: true,
      });
      await add({ store_id: "S312", content: { mode: "till" } });
      expect((await ofTerminal(device.terminalId)).body).toMatchObject({ up_to_date: false });
    });
  });

  it("are compared with what the terminal said last, with a check_update or later by its heartbeats", async () => {
    const { body: laid } = await add({ content: { mode: "bus" } });
    const { terminalId, ...entry } = await registerIn(server, tenant, "C11", "S3");
    const device = await PresentDevice.connect(server, entry);
    await device.greet();
    const page = () => ofTerminal(terminalId).then(({ body }) => body);
    const becomes = async (reported: object) => {
      await expect.poll(page).toMatchObject({ reported });
    };

    await device.beat({ telemetry: { software_version: "7.3", configuration_version: "0" } });
    await becomes({ software_version: "7.3", configuration_version: "0", at: expect.any(String) });
    expect((await page()).up_to_date).toBe(false);

    server.clock.advance(1_000);
    const { body: sent } = await server.call("POST", "/v1/admin/terminals/operations", {
      ...tenant,
      body: { terminal_id: terminalId, operation: "check_update" },
    });
    await device.next("command");
    const versions = { current_version: "7.3", latest_version: "7.4", configuration_version: laid.version };
    await device.say("result", {
      operation_id: sent.id,
      operation: "check_update",
      status: "COMPLETED",
      finished_at: new Date().toISOString(),
      result: { ...versions, update_available: true },
    });
    await device.next("receipt");
    const checked = await page();
    expect(checked).toMatchObject({
      reported: { software_version: "7.3", configuration_version: laid.version },
      up_to_date: true,
    });

    // The device reports this after its restart.
    server.clock.advance(1_000);
    await device.beat({ telemetry: { software_version: "7.4" } });
    await becomes({ software_version: "7.4", configuration_version: laid.version });
    const restarted = await page();
    expect(restarted.up_to_date).toBe(true);
    expect(Date.parse(restarted.reported.at)).toBeGreaterThan(Date.parse(checked.reported.at));
    await device.leave();
  });

  it("are refused when they are no object, too large, too deep, or for a store that is not there", async () => {
    const places = async (body: object) => {
      const answer = await add(body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: "invalid_request" } } });
      return answer.body.error.errors.map((error: { path: string }) => error.path);
    };
    expect(await places({ content: "x" })).toEqual(["/body/content"]);
    expect(await places({ content: [] })).toEqual(["/body/content"]);
    expect(await places({})).toEqual(["/body/content"]);
    expect(await places({ content: { x: "ø".repeat(limits.configurationBytes / 2) } })).toEqual(["/body/content"]);
    const deep = JSON.parse(`${'{"x":'.repeat(20)}1${"}".repeat(20)}`);
    expect((await places({ content: deep }))[0]).toMatch(/^\/body\/content\/x\//);
    expect(await places({ content: {}, store_id: "S99" })).toEqual(["/body/store_id"]);
    expect(await places({ content: {}, device_model: "a b" })).toEqual(["/body/device_model"]);
    await server.call("POST", `/v1/accounts/${stranger.aid}/stores`, { ...stranger, body: { store_id: "theirs" } });
    expect(await places({ content: {}, store_id: "theirs" })).toEqual(["/body/store_id"]);
  });

  it("of others look as if they did not exist", async () => {
    const { body } = await add({ content: {} });
    const theirs = await server.call("GET", `${path(stranger)}/${body.version}`, stranger);
    expect(theirs).toMatchObject({ status: 404, body: { error: { code: "configuration_not_found" } } });
    const taken = await server.call("DELETE", `${path(stranger)}/${body.version}`, stranger);
    expect(taken).toMatchObject({ status: 404, body: { error: { code: "configuration_not_found" } } });
    expect((await server.call("GET", `${path()}/${body.version}`, tenant)).body).toEqual(body);
    expect((await server.call("GET", path(stranger), stranger)).body.configurations).toEqual([]);
    const [terminal] = (await server.call("GET", `/v1/accounts/${tenant.aid}/terminals`, tenant)).body.terminals;
    expect(await ofTerminal(terminal.terminal_id, stranger)).toMatchObject({
      status: 404,
      body: { error: { code: "terminal_not_found" } },
    });
  });
});
