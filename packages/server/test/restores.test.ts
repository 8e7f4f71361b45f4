import { activeDevice } from "@tillkeeper/stage/devices/device";
import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { noteRestored } from "../src/restores/restores.ts";

const base = "/v1/admin/terminals/operations";
const actor = { clientId: "tillkeeper:cli", address: "", requestId: "cli" };

/** Consequences of a database that went back to an earlier moment (docs/adr/0026-closes-and-memory.md). */
describe("a database that went back", async () => {
  const { server, tenant } = await world({ own: {} });
  const count = async () =>
    Number((await server.db.pool.query("select count(*) from database_restores")).rows[0].count);

  it("is noticed by a server that it forgets, and noted once", { tags: "replicas" }, async () => {
    const signs = async () => Number((await server.db.pool.query("select signs from presence_watch")).rows[0].signs);
    await expect.poll(signs).toBeGreaterThan(2);
    await server.db.pool.query("update presence_watch set signs = 0");
    await expect.poll(count).toBe(1);
    await expect.poll(signs).toBeGreaterThan(2);
    await server.db.pool.query("update presence_watch set signs = 0");
    await expect.poll(signs).toBeGreaterThan(2);
    expect(await count()).toBe(1);
  });

  it("gives no number twice, and ends pairing codes that may have been used", { tags: "replicas" }, async () => {
    const device = await PairingDevice.make();
    const before = await registerForPairing(server, tenant, device.serial);
    await noteRestored(server, actor, "told");
    expect((await device.pair(server, before.pairing.code)).status).toBe(401);
    const after = await registerForPairing(server, tenant, nextSerial());
    const numberOf = (id: string) => Number(id.split("-T")[1]);
    expect(numberOf(after.terminal_id)).toBe(Math.ceil(numberOf(before.terminal_id) / 1000) * 1000 + 1);
    const { body } = await server.call("GET", `/v1/accounts/${tenant.aid}/audit`, tenant);
    expect(body.entries).toContainEqual(
      expect.objectContaining({ action: "database.restored", after: { how: "told" } }),
    );
  });

  it("gives no address twice, also where it went back by seconds alone, as after a failover", async () => {
    const device = await PairingDevice.make();
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, device.serial);
    const lost = (await device.pair(server, pairing.code)).body.address;
    // Its pairing was in the lost seconds.
    const { pool } = server.db;
    await pool.query("delete from terminal_credentials where terminal_id = $1", [id]);
    await pool.query("delete from terminal_addresses where terminal_id = $1", [id]);
    await pool.query("update terminals set last_device = 0 where terminal_id = $1", [id]);
    server.clock.advance(5_000);
    const again = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals/${id}/credentials`, tenant);
    expect(again.body.address).toMatch(/-D\d+$/);
    expect(again.body.address).not.toBe(lost);
  });

  it("is noted for all accounts or for none: one that fails loses it for nobody", async () => {
    const [first, last] = [await server.account("T29000000"), await server.account("T29000009")];
    const terminals = new Map<string, string>();
    for (const one of [first, last]) {
      terminals.set(one.aid, (await registerForPairing(server, one, nextSerial())).terminal_id);
    }
    await server.db.pool.query("delete from database_restores");
    await server.db.pool.query(
      `drop function if exists fail cascade;
        create function fail() returns trigger language plpgsql as $$ begin raise 'full'; end $$;
       create trigger fail before insert on audit_log for each row when (new.account_id = 'T29000009') execute function fail()`,
    );
    await expect(noteRestored(server, actor, "noticed")).rejects.toThrow("full");
    await server.db.pool.query("drop function fail cascade");
    expect(await count()).toBe(0);
    expect(await noteRestored(server, actor, "noticed")).toMatchObject({ accounts: 3 });
    for (const one of [first, last]) {
      const next = await registerForPairing(server, one, nextSerial());
      expect([terminals.get(one.aid), next.terminal_id]).toEqual([`${one.aid}-T0001`, `${one.aid}-T1001`]);
    }
  });

  it("says of no window before that moment that nothing was delivered", async () => {
    const device = await activeDevice(server, tenant);
    await device.leave();
    const order = async () =>
      (await server.call("POST", base, { ...tenant, body: { terminal_id: device.terminalId, operation: "open_menu" } }))
        .body.id;
    const ended = async (id: string) => {
      server.clock.advance(60_000);
      const read = async () => (await server.call("GET", `${base}/${id}`, tenant)).body;
      await expect.poll(async () => (await read()).status).toBe("TIMEOUT");
      return (await read()).reason;
    };
    const before = await order();
    await noteRestored(server, actor, "told");
    expect(await ended(before)).toBe("no_answer");
    // An outside broker accepts commands that no device fetches.
    expect(["unreachable", "not_delivered"]).toContain(await ended(await order()));
  });

  it("gives no number twice where the database knows of none: the first may have been given since", async () => {
    const fresh = await server.account("T29000002");
    await noteRestored(server, actor, "told");
    expect((await registerForPairing(server, fresh, nextSerial())).terminal_id).toBe("T29000002-T1001");
  });

  const ways = {
    "for messages": (token: string) =>
      server.call("POST", "/v1/device/messages", { token, body: { session: "a", messages: [] } }),
    // Its key is one that the database has lost.
    "beside a proof by another key": async (token: string, id: string) => {
      const other = await PairingDevice.make();
      const proof = await other.sign(server, "renewal", { nonce: await newNonce(server), sub: id });
      return server.call("POST", "/v1/device/token", { body: { terminal_id: id, token, proof } });
    },
  };
  it.each(Object.entries(ways))(
    "is shown by a token with an address that it has not given, %s: the one before is over, and no close is taken",
    async (_, show) => {
      const device = await PairingDevice.make();
      const { terminal_id: id, pairing } = await registerForPairing(server, tenant, device.serial);
      await device.pair(server, pairing.code);
      await server.db.pool.query(
        "update terminals set status = 'ACTIVE', status_reason = null where terminal_id = $1",
        [id],
      );
      const { rows } = await server.db.pool.query("select * from terminal_credentials where terminal_id = $1", [id]);
      const [{ address: former }] = rows;
      // An address that another pairing would have given in the lost time.
      const proof = await device.sign(server, "renewal", { nonce: await newNonce(server), sub: id });
      const { body: later } = await server.call("POST", "/v1/device/token", {
        body: { terminal_id: id, memory_lost: true, proof },
      });
      await server.db.pool.query("update terminal_credentials set address = $2 where terminal_id = $1", [id, former]);
      const close = { ...tenant, body: { terminal_id: id, operation: "end_of_day" } };
      expect((await show(later.token, id)).status).toBe(401);
      const refused = await server.call("POST", base, close);
      expect([refused.status, refused.body.error.code]).toEqual([409, "operation_not_allowed"]);
      const { body: code } = await server.call(
        "POST",
        `/v1/accounts/${tenant.aid}/terminals/${id}/pairing-codes`,
        tenant,
      );
      const { body: paired } = await device.pair(server, code.code);
      expect(Number(paired.address.split("-D")[1])).toBeGreaterThan(Number(later.address.split("-D")[1]));
      expect((await ways["for messages"](paired.token)).status).toBe(200);
    },
  );
});
