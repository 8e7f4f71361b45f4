// @module-tag replicas: each step comes to another server.

import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import { readPairingUri } from "@tillkeeper/contract/pairing";
import { enterAs } from "@tillkeeper/stage/devices/device";
import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

describe("pairing a device", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  const path = `/v1/accounts/${aid}/terminals`;

  const codes = async (id: string) => (await server.call("GET", `${path}/${id}/pairing-codes`, tenant)).body;
  const newCode = async (id: string, body: object = {}) =>
    (await server.call("POST", `${path}/${id}/pairing-codes`, { ...tenant, body })).body;
  const statusOf = async (id: string) => (await server.call("GET", `${path}/${id}`, tenant)).body;

  it.each(["EdDSA", "ES256"] as const)(
    "makes it the terminal, which then connects with its token: %s",
    async (algorithm) => {
      const serial = `PAIR-${algorithm}`;
      const { pairing, ...terminal } = await registerForPairing(server, tenant, serial, {
        pairing_reference: "job 17",
      });
      expect(pairing).toMatchObject({
        code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/),
        reference: "job 17",
      });
      const scanned = readPairingUri(pairing.qr_text);
      expect(scanned).toEqual({ server: server.url, serialNumber: serial, code: pairing.code });

      const device = await PairingDevice.make(serial, algorithm);
      const answer = await device.pair(server, pairing.code.toLowerCase().replace("-", " "), { agent: "acme 1.0" });
      expect(answer).toMatchObject({
        status: 200,
        body: {
          terminal_id: terminal.terminal_id,
          account_id: aid,
          store_id: "S312",
          reference: "job 17",
          token_type: "Bearer",
          expires_in: 3_600,
          mqtt_url: server.mqttUrl,
          https_url: server.url,
        },
      });
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await statusOf(terminal.terminal_id)).toMatchObject({
        status: "ACTION_REQUIRED",
        status_reason: "CHECK_UPDATE",
      });

      expect(readDeviceAddress(answer.body.address)?.terminalId).toBe(terminal.terminal_id);
      const connected = await enterAs(server, { address: answer.body.address, password: answer.body.token });
      await connected.hello();
      await connected.next("welcome");
      await connected.leave();

      expect(await codes(terminal.terminal_id)).toMatchObject([
        {
          status: "used",
          reference: "job 17",
          device_serial_number: serial,
          created_by: tenant.clientId,
          used_at: expect.any(String),
          failed_attempts: 0,
          key_thumbprint: await device.thumbprint(),
        },
      ]);
      const renewed = await device.renew(server, terminal.terminal_id);
      expect(renewed).toMatchObject({ status: 200, body: { terminal_id: terminal.terminal_id, store_id: "S312" } });
      expect(renewed.body.token).not.toBe(answer.body.token);
    },
  );

  it("says the same, and takes no less time, whatever is wrong with serial number and code", async () => {
    const used = await registerForPairing(server, tenant, "SAME-USED");
    expect((await (await PairingDevice.make("SAME-USED")).pair(server, used.pairing.code)).status).toBe(200);
    const replaced = await registerForPairing(server, tenant, "SAME-REPLACED");
    const newer = await newCode(replaced.terminal_id, { reference: "second" });
    const expired = await registerForPairing(server, tenant, "SAME-EXPIRED");
    const short = await newCode(expired.terminal_id, { expires_in: 60 });
    const open = await registerForPairing(server, tenant, "SAME-OPEN");
    const virtual = await registerForPairing(server, tenant, `SIMULATED-${aid}-001`);
    expect(virtual).not.toHaveProperty("pairing");
    server.clock.advance(60_000);

    const refused: [serial: string, code: string][] = [
      ["SAME-NOBODY", open.pairing.code],
      ["SAME-OPEN", "0000-0000"],
      ["SAME-OPEN", "?"],
      ["SAME-OPEN", newer.code],
      ["SAME-USED", used.pairing.code],
      ["SAME-REPLACED", replaced.pairing.code],
      ["SAME-EXPIRED", expired.pairing.code],
      ["SAME-EXPIRED", short.code],
      [`SIMULATED-${aid}-001`, open.pairing.code],
    ];
    const bodies = new Set<string>();
    for (const [serial, code] of refused) {
      const begun = performance.now();
      const answer = await (await PairingDevice.make(serial)).pair(server, code);
      expect(performance.now() - begun, serial).toBeGreaterThan(190);
      expect(answer.status, serial).toBe(401);
      expect(answer.body.error.code).toBe("pairing_refused");
      bodies.add(JSON.stringify(answer.body));
    }
    expect(bodies.size).toBe(1);
    expect((await codes(replaced.terminal_id)).map((row: { status: string }) => row.status)).toEqual([
      "open",
      "replaced",
    ]);
    expect((await codes(expired.terminal_id)).map((row: { status: string }) => row.status)).toEqual([
      "expired",
      "replaced",
    ]);
    expect(await codes(open.terminal_id)).toMatchObject([{ status: "open", failed_attempts: 3 }]);
    expect(await statusOf(open.terminal_id)).toMatchObject({ status: "PENDING" });
  });

  it("gives a code to one of several devices that come with it at once", async () => {
    const { pairing } = await registerForPairing(server, tenant, "CROWD");
    const devices = await Promise.all(Array.from({ length: 8 }, () => PairingDevice.make("CROWD")));
    const answers = await Promise.all(devices.map((device) => device.pair(server, pairing.code)));
    const statuses = answers.map((answer) => answer.status).toSorted((left, right) => left - right);
    expect(statuses).toEqual([200, 401, 401, 401, 401, 401, 401, 401]);
    const winner = answers.findIndex((answer) => answer.status === 200);
    const id = answers[winner]?.body.terminal_id;
    const renewals = await Promise.all(devices.map(async (device) => (await device.renew(server, id)).status));
    expect(renewals).toEqual(devices.map((_, index) => (index === winner ? 200 : 401)));
  });

  it("keeps codes as hashes, and writes down who asked for one and who used it", async () => {
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, "AUDITED", {
      pairing_reference: "job 18",
    });
    await (await PairingDevice.make("AUDITED")).pair(server, pairing.code, { agent: "acme 1.0" });
    const { rows } = await server.db.pool.query("select entry from audit_log where subject_id = $1 order by seq", [id]);
    const entries = rows.map((row) => JSON.parse(row.entry));
    expect(entries).toMatchObject([
      { action: "terminal.create" },
      { action: "terminal.issue_pairing_code", actor: tenant.clientId, after: { reference: "job 18" } },
      { action: "terminal.pair", actor: "device", after: { reference: "job 18", agent: "acme 1.0" } },
    ]);
    const { rows: kept } = await server.db.pool.query("select * from pairing_codes where terminal_id = $1", [id]);
    const everything = JSON.stringify([entries, kept]);
    for (const form of [pairing.code, pairing.code.replace("-", "")]) expect(everything).not.toContain(form);
  });

  it("has codes for real, live terminals of the own account only", async () => {
    const stranger = await server.account();
    const { terminal_id: id } = await registerForPairing(server, tenant, "OWNED");
    const ask = (who: Tenant, terminalId: string, body: object = {}) =>
      server.call("POST", `/v1/accounts/${who.aid}/terminals/${terminalId}/pairing-codes`, { ...who, body });
    expect((await ask(stranger, id)).body.error.code).toBe("terminal_not_found");
    const virtual = await registerForPairing(server, tenant, `SIMULATED-${aid}-002`);
    expect((await ask(tenant, virtual.terminal_id)).body.error.code).toBe("virtual_terminal");
    const credential = `/v1/accounts/${aid}/terminals/${virtual.terminal_id}/credentials`;
    expect((await server.call("POST", credential, tenant)).body.error.code).toBe("virtual_terminal");
    for (const body of [{ expires_in: 59 }, { expires_in: 86_401 }, { reference: "" }, { reference: "a\nb" }, { x: 1 }])
      expect((await ask(tenant, id, body)).status, JSON.stringify(body)).toBe(400);
    await server.call("DELETE", `${path}/${id}`, tenant);
    expect((await ask(tenant, id)).body.error.code).toBe("terminal_not_found");
  });
});
