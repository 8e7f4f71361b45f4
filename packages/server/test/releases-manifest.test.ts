import type { Transfer } from "@tillkeeper/contract/mqtt/messages";
import { type Device, registerDevice } from "@tillkeeper/stage/devices/device";
import { folderOfTests } from "@tillkeeper/stage/folders";
import { world } from "@tillkeeper/stage/world";
import { beforeAll, describe, expect, it } from "vitest";
import { addRelease, type Maker, newMaker } from "./support/releases.ts";

/** A transfer from a command. */
interface Ordered {
  id: string;
  transfer: Transfer;
}

describe("what a terminal fetches for a check_update", async () => {
  const files = folderOfTests("releases");
  const { server, tenant, device } = await world({
    own: { config: { files: { kind: "folder", path: files } } },
    device: "registered",
  });
  let maker: Maker;
  let ordered: Ordered;
  beforeAll(async () => {
    maker = await newMaker(server, tenant);
    await device.hello();
    await device.next("welcome");
    await setModel("SATURN1000");
    ordered = await order(device, "check_update");
  });

  const setModel = (device_model: string | null, of = device) =>
    server.db.sql.updateTable("terminals").set({ device_model }).where("terminal_id", "=", of.terminalId).execute();

  async function order(to: Device, operation: string, of = tenant): Promise<Ordered> {
    const commands = to.received.filter(({ channel }) => channel === "command").length;
    const sent = await server.call("POST", "/v1/admin/terminals/operations", {
      ...of,
      body: { terminal_id: to.terminalId, operation, timeout: 300 },
    });
    expect(sent.status).toBe(201);
    const command = await to.next("command", commands);
    expect(command["operation_id"]).toBe(sent.body.id);
    return { id: sent.body.id, transfer: command["transfer"] as Transfer };
  }

  const pathOf = (url: string) => url.slice(server.url.length);
  const manifest = (query: string, { transfer }: Ordered = ordered, path = pathOf(transfer.url)) =>
    server.call("GET", `${path}?${query}`, { token: transfer.token });

  it("comes with the command: an address of this server and a token for it", () => {
    const { url, expires_at } = ordered.transfer;
    expect(url).toBe(`${server.url}/v1/device/operations/${ordered.id}/update`);
    expect(Date.parse(expires_at)).toBeGreaterThan(server.clock.now().getTime() + 299_000);
  });

  it("is nothing as long as there is nothing, and for a terminal without a model", async () => {
    const nothing = { latest: null, update_available: false, configuration: null };
    expect((await manifest("software_version=1")).body).toEqual({ device_model: "SATURN1000", ...nothing });
    await addRelease(server, tenant, maker, { version: "1.5" });
    await setModel(null);
    expect((await manifest("software_version=1")).body).toEqual({ device_model: null, ...nothing });
    await setModel("SATURN1000");
  });

  it("is the newest release and the configuration that holds, and never something older", async () => {
    const { id, content } = await addRelease(server, tenant, maker, { version: "2.0" });
    const { body: laid } = await server.call("POST", `/v1/accounts/${tenant.aid}/configurations`, {
      ...tenant,
      body: { store_id: "S312", content: { a: 1 } },
    });
    const { body } = await manifest("software_version=1.9&configuration_version=77");
    expect(body).toMatchObject({
      latest: { release_id: id, version: "2.0", size: content.length, key_id: maker.keyId },
      update_available: true,
      configuration: { version: laid.version, content: { a: 1 }, up_to_date: false },
    });
    expect((await manifest(`software_version=2.0&configuration_version=${laid.version}`)).body).toMatchObject({
      latest: { version: "2.0" },
      update_available: false,
      configuration: { up_to_date: true },
    });
    expect((await manifest("software_version=2.0.1")).body).toMatchObject({ latest: null, update_available: false });
  });

  describe("is a file in as many parts as it takes", () => {
    let url: string;
    let content: Buffer;
    beforeAll(async () => {
      ({ content } = await addRelease(server, tenant, maker, { version: "3.0" }));
      ({ url } = (await manifest("software_version=1")).body.latest);
    });
    const get = (headers: Record<string, string> = {}) =>
      fetch(url, { headers: { authorization: `Bearer ${ordered.transfer.token}`, ...headers } });

    it("whole", async () => {
      const response = await get();
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe("application/octet-stream");
      expect(response.headers.get("content-digest")).toMatch(/^sha-256=:[A-Za-z0-9+/]{43}=:$/);
      expect(Buffer.from(await response.arrayBuffer()).equals(content)).toBe(true);
    });

    it("from where it broke off", async () => {
      const response = await get({ range: "bytes=400-" });
      expect(response.status).toBe(206);
      expect(response.headers.get("content-range")).toBe("bytes 400-999/1000");
      expect(Buffer.from(await response.arrayBuffer()).equals(content.subarray(400))).toBe(true);
    });

    it("not for anybody else", async () => {
      expect((await fetch(url)).status).toBe(401);
      expect((await fetch(url, { headers: { authorization: `Bearer ${tenant.token}` } })).status).toBe(401);
    });

    it("not of another model, another account, or once it is withdrawn", async () => {
      const id = new URL(url).searchParams.get("release_id") as string;
      const ask = async (releaseId: string) => {
        const answer = await manifest(`release_id=${releaseId}`, ordered, `${pathOf(ordered.transfer.url)}/file`);
        expect(answer).toMatchObject({ status: 404, body: { error: { code: "release_not_found" } } });
      };
      const other = await addRelease(server, tenant, maker, { device_model: "S1P2", version: "3.0" });
      await ask(other.id);
      const stranger = await server.account();
      const foreign = await addRelease(server, stranger, await newMaker(server, stranger), { version: "3.0" });
      await ask(foreign.id);
      await server.call("DELETE", `/v1/accounts/${tenant.aid}/releases/${id}`, tenant);
      await ask(id);
      expect((await manifest("software_version=1")).body.latest.version).toBe("2.0");
    });
  });

  it("is refused without saying what it runs, or with nonsense", async () => {
    const path = pathOf(ordered.transfer.url);
    for (const query of ["", "software_version=", `software_version=${"x".repeat(65)}`, "software_version=1&x=1"]) {
      expect((await manifest(query)).status, query).toBe(400);
    }
    expect((await manifest("software_version=a%0Ab")).status).toBe(400);
    expect((await manifest("software_version=1", ordered, path.replace(ordered.id, "x"))).status).toBe(400);
  });

  it("is for the token of this very operation of this very terminal", async () => {
    const second = await registerDevice(server, tenant, "M2");
    const stranger = await server.account();
    const foreign = await registerDevice(server, stranger, "M3");
    for (const each of [second, foreign]) {
      await each.hello();
      await each.next("welcome");
    }
    const others = [await order(second, "check_update"), await order(foreign, "check_update", stranger)];
    for (const other of others) {
      for (const [token, path] of [
        [other.transfer.token, pathOf(ordered.transfer.url)],
        [ordered.transfer.token, pathOf(other.transfer.url)],
      ] as const) {
        const answer = await server.call("GET", `${path}?software_version=1`, { token });
        expect(answer).toMatchObject({ status: 404, body: { error: { code: "operation_not_found" } } });
      }
    }
    const path = `${pathOf(ordered.transfer.url)}?software_version=1`;
    expect(await server.call("GET", path)).toMatchObject({ status: 401, body: { error: { code: "missing_token" } } });
    expect((await server.call("GET", path, { token: tenant.token })).status).toBe(401);
    // The token opens nothing else.
    const elsewhere = await server.call("GET", `/v1/accounts/${tenant.aid}/releases`, ordered.transfer);
    expect(elsewhere.status).toBe(401);
    await Promise.all([second.leave(), foreign.leave()]);
  });

  it("ends with the terminal, and with the token's time", async () => {
    const doomed = await registerDevice(server, tenant, "M4");
    await doomed.hello();
    await doomed.next("welcome");
    const last = await order(doomed, "check_update");
    expect((await manifest("software_version=1", last)).status).toBe(200);
    await server.db.sql
      .updateTable("terminals")
      .set({ status: "DELETED", status_reason: null })
      .where("terminal_id", "=", doomed.terminalId)
      .execute();
    expect((await manifest("software_version=1", last)).status).toBe(404);
    await doomed.leave();
    server.clock.advance(Date.parse(ordered.transfer.expires_at) - server.clock.now().getTime() + 2_000);
    expect(await manifest("software_version=1")).toMatchObject({
      status: 401,
      body: { error: { code: "invalid_token" } },
    });
  });
});
