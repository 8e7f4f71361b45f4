import { activeDevice } from "@tillkeeper/stage/devices/device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { createActorNames } from "../src/access/people/names.ts";

const password = "five small blue boats";

describe("names beside the ids of those who act", async () => {
  const { server, tenant, aid } = await world();
  const other = await server.account();
  const origin = { "sec-fetch-site": "same-origin", origin: new URL(server.url).origin };
  const device = await activeDevice(server, tenant);
  const asClient = (method: string, path: string, body?: unknown) =>
    server.call(method, `/v1/accounts/${aid}${path}`, { token: tenant.token, body });
  const { store_id: storeId } = (await asClient("GET", `/terminals/${device.terminalId}`)).body;

  /** The person who is signed in. */
  async function person(name: string, role: string, further: object = {}) {
    const email = `${name.toLowerCase()}@kiosk.example`;
    const { body: user } = await asClient("POST", "/users", { email, name, role, ...further });
    const { link } = (await asClient("POST", `/users/${user.id}/links`, { purpose: "invitation" })).body;
    const body = { token: link.split("#")[1], password };
    const { headers } = await server.call("POST", "/v1/auth/links", { headers: origin, body });
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    const call = (method: string, path: string, sent?: unknown) =>
      server.call(method, `/v1/accounts/${aid}${path}`, { headers: { ...origin, cookie }, body: sent });
    return { id: user.id as string, call };
  }
  const cancel = (path: string, tag: string) =>
    server.call("POST", `/v1/accounts/${aid}${path}/cancel`, { token: tenant.token, headers: { "if-match": tag } });
  const kari = await person("Kari", "operations");
  const ola = await person("Ola", "store", { stores: [storeId] });
  const asked = await kari.call("POST", "/payments/admin/terminals/operations", {
    terminal_id: device.terminalId,
    operation: "open_menu",
  });

  it("are shown of a person's operation by GET, to clients and to people who are limited to the store", async () => {
    expect(asked).toMatchObject({ status: 201, body: { created_by: kari.id } });
    expect(asked.body).not.toHaveProperty("created_by_name");
    const path = "/payments/admin/terminals/operations";
    for (const call of [asClient, ola.call]) {
      const one = await call("GET", `${path}/${asked.body.id}`);
      expect(one.body).toMatchObject({ created_by: kari.id, created_by_name: "Kari" });
      const list = await call("GET", `${path}?terminal_id=${device.terminalId}`);
      expect(list.body[0]).toMatchObject({ id: asked.body.id, created_by_name: "Kari" });
    }
  });

  it("leave the tag of an operation as it is for whoever changes it", async () => {
    const path = `/payments/admin/terminals/operations/${asked.body.id}`;
    const tag = (await asClient("GET", path)).headers.get("etag") ?? "";
    expect((await cancel(path, '"another"')).status).toBe(412);
    expect([200, 202]).toContain((await cancel(path, tag)).status);
  });

  it("are in the timeline, as names and in its sentences", async () => {
    const { entries } = (await ola.call("GET", `/terminals/${device.terminalId}/timeline`)).body;
    const entry = entries.find(({ by }: { by?: { id: string } }) => by?.id === kari.id);
    expect(entry.by).toEqual({ id: kari.id, name: "Kari" });
    expect(entry.text).toMatch(/^Kari asked the terminal to /);
  });

  it("are in the audit log, beside what its hashes cover", async () => {
    const { entries } = (await asClient("GET", `/audit?actor=${kari.id}`)).body;
    expect(entries.map(({ action, actor_name: name }: Record<string, string>) => [action, name])).toEqual([
      ["user.sign_in", "Kari"],
      ["user.accept", "Kari"],
    ]);
  });

  it("are in closings, and make no tag of a closing differ from the one that a change compares", async () => {
    const made = await kari.call("POST", `/stores/${storeId}/closings`, {});
    expect(made.body.created_by).toBe(kari.id);
    const path = `/stores/${storeId}/closings`;
    const read = await asClient("GET", `${path}/${made.body.id}`);
    expect(read.body).toMatchObject({ created_by: kari.id, created_by_name: "Kari" });
    const { closings } = (await asClient("GET", path)).body;
    expect(closings).toEqual([expect.objectContaining({ id: made.body.id, created_by_name: "Kari" })]);
    const tag = read.headers.get("etag") ?? "";
    expect((await cancel(`${path}/${made.body.id}`, tag)).status).toBe(200);
  });

  it("are those of today, five seconds later at most, also of people who are removed", async () => {
    let now = 0;
    const names = createActorNames(server.db, () => now);
    const nameOf = async (id: string, account = aid) => (await names.of(account, [id])).get(id);
    const { id } = await person("Siri", "operations");
    expect(await nameOf(id)).toBe("Siri");
    await asClient("PUT", `/users/${id}`, { name: "Siri Berg", role: "operations" });
    now = 4_999;
    expect(await nameOf(id)).toBe("Siri");
    now = 5_001;
    expect(await nameOf(id)).toBe("Siri Berg");
    await asClient("DELETE", `/users/${id}`);
    now = 20_000;
    expect(await nameOf(id)).toBe("Siri Berg");
    expect(await nameOf(id, other.aid)).toBeUndefined();
  });

  it("are not looked for where nobody can have one", async () => {
    const names = createActorNames(server.db);
    const ids = ["system", "autopilot", "device", `terminal:${device.terminalId}`, `${aid}/pos`, "tillkeeper:cli"];
    expect([...(await names.of(aid, ids))]).toEqual([]);
  });
});
