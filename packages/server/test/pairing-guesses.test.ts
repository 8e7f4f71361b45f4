import { pairingLimits } from "@tillkeeper/contract/pairing";
import { PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { createWrongTries } from "../src/enrolment/pairing/wrong-tries.ts";

const wrong = "0000-0000";

describe("a stranger who guesses at pairing codes", async () => {
  const { server, tenant, aid } = await world({ own: { config: { trustedProxies: ["127.0.0.1"] } } });

  const register = async (serial: string) => {
    const { terminal_id: id, pairing } = await registerForPairing(server, tenant, serial);
    return { id, code: pairing.code as string, device: await PairingDevice.make(serial) };
  };
  const from = (address: string) => ({ "x-forwarded-for": address });
  const tryFrom = (address: string, device: PairingDevice, code: string) =>
    device.pair(server, code, {}, from(address));
  const codesOf = async (id: string) =>
    (await server.call("GET", `/v1/accounts/${aid}/terminals/${id}/pairing-codes`, tenant)).body;
  const openCode = async (id: string) => {
    const query = server.db.sql.selectFrom("pairing_codes").selectAll().where("terminal_id", "=", id);
    return query.where("status", "=", "open").executeTakeFirstOrThrow();
  };
  const auditOf = async (id: string) => {
    const { body } = await server.call("GET", `/v1/accounts/${aid}/audit?subject_id=${id}&limit=100`, tenant);
    const entries = body.entries as { action: string; subject: { id: string }; after: Record<string, unknown> }[];
    return entries.filter(({ subject, action }) => subject.id === id && /(guess|exhaust)_pairing_code$/.test(action));
  };

  /** Runs tries at once, which all fall within one minute, even on a slow machine. */
  const statusesOf = async (tries: Promise<{ status: number }>[]) =>
    (await Promise.all(tries)).map(({ status }) => status).toSorted((left, right) => left - right);
  const tenAndTwo = [...Array.from({ length: 10 }, () => 401), 429, 429];

  it("has ten tries a minute for a serial number from one network, and locks nobody else out", async () => {
    const { id, code, device } = await register("Slow-1");
    const unknown = await PairingDevice.make("Unknown-1");
    const bodies = new Set<string>();
    for (const tried of [device, unknown]) {
      // Independent of the serial number's case.
      const otherCase = await PairingDevice.make(tried.serial.toUpperCase());
      const tries = Array.from({ length: 12 }, (_, number) =>
        tryFrom("192.0.2.1", number % 2 ? tried : otherCase, wrong),
      );
      expect(await statusesOf(tries)).toEqual(tenAndTwo);
      for (const answer of await Promise.all(tries)) {
        bodies.add(JSON.stringify(answer.body));
        if (answer.status !== 429) continue;
        expect(answer.body.error.code).toBe("too_many_requests");
        const seconds = Number(answer.headers.get("retry-after"));
        expect(seconds).toBeGreaterThanOrEqual(1);
        expect(seconds).toBeLessThanOrEqual(60);
      }
    }
    // One refusal and one limit, for known and unknown serial numbers.
    expect(bodies.size).toBe(2);
    expect(await codesOf(id)).toMatchObject([{ status: "open" }]);
    expect((await tryFrom("192.0.2.1", await PairingDevice.make("Slow-2"), wrong)).status).toBe(401);
    expect((await tryFrom("192.0.2.2", device, code)).status).toBe(200);
  });

  it("has them for a whole subscriber's network of IPv6", async () => {
    const { code, device } = await register("SIX");
    const tries = Array.from({ length: 12 }, (_, host) => tryFrom(`2001:db8:0:1::${host}`, device, wrong));
    expect(await statusesOf(tries)).toEqual(tenAndTwo);
    expect((await tryFrom("2001:db8:0:2::1", device, code)).status).toBe(200);
  });

  it("does not keep the right code out while tries come from everywhere", { tags: "replicas" }, async () => {
    const { id, code, device } = await register("FLOODED");
    const guess = (network: number) => tryFrom(`198.51.100.${network}`, device, wrong);
    const flood = Array.from({ length: 40 }, (_, network) => guess(network));
    const right = tryFrom("203.0.113.7", device, code);
    const more = Array.from({ length: 40 }, (_, network) => guess(network));
    expect((await right).status).toBe(200);
    for (const answer of await Promise.all([...flood, ...more])) expect(answer.status).toBe(401);
    expect(await codesOf(id)).toMatchObject([{ status: "used" }]);
  });

  it("ends a code by the five-thousandth wrong try at all servers together, and no sooner", {
    tags: "replicas",
  }, async () => {
    const { id, code, device } = await register("CEILING");
    const row = await openCode(id);
    // Two servers count, each with tries from more networks than are kept.
    const [here, there] = [createWrongTries(server), createWrongTries(server)];
    const peer = (number: number) => ({
      address: `10.${number % 7}.${number % 50}.1`,
      requestId: `request-${number}`,
    });
    await Promise.all(
      Array.from({ length: 4_999 }, (_, number) => (number % 2 ? here : there).count("CEILING", row, peer(number))),
    );
    expect(await codesOf(id)).toMatchObject([{ status: "open", failed_attempts: 4_999 }]);
    const told = await auditOf(id);
    expect(told.map(({ action }) => action)).toEqual(told.map(() => "terminal.guess_pairing_code"));
    expect(told.length).toBeGreaterThanOrEqual(1);
    expect(told.length).toBeLessThanOrEqual(pairingLimits.wrongTriesAudited.length);

    expect((await tryFrom("192.0.2.77", device, wrong)).status).toBe(401);
    expect(await codesOf(id)).toMatchObject([{ status: "exhausted", failed_attempts: 5_000 }]);
    const entry = (await auditOf(id)).find(({ action }) => action === "terminal.exhaust_pairing_code");
    const after = entry?.after as { addresses: { address: string; tries: number }[]; tries_from_others: number };
    const { addresses, tries_from_others } = after;
    expect(after).toMatchObject({ device_serial_number: "CEILING", failed_attempts: 5_000 });
    expect(addresses).toHaveLength(pairingLimits.wrongTriesAddresses);
    const named = addresses.reduce((sum, { tries }) => sum + tries, 0);
    expect(named + tries_from_others).toBe(5_000);

    // The code has ended; a later code is not affected.
    expect((await tryFrom("192.0.2.78", device, code)).status).toBe(401);
    const newer = await server.call("POST", `/v1/accounts/${aid}/terminals/${id}/pairing-codes`, tenant);
    expect((await tryFrom("192.0.2.79", device, newer.body.code)).status).toBe(200);
  });

  it("is written down with the addresses that tries came from, in few entries", { tags: "replicas" }, async () => {
    const { id, code, device } = await register("TOLD");
    for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2"]) await tryFrom(address, device, wrong);
    expect(await auditOf(id)).toEqual([]);
    for (let tries = 0; tries < 7; tries += 1) await tryFrom("2001:db8:7::1", device, wrong);
    await tryFrom("192.0.2.3", device, wrong);
    expect(await auditOf(id)).toMatchObject([
      {
        action: "terminal.guess_pairing_code",
        actor: "system",
        address: "2001:db8:7::1",
        after: {
          device_serial_number: "TOLD",
          failed_attempts: 10,
          addresses: expect.arrayContaining([
            { address: "192.0.2.1", tries: 2 },
            { address: "192.0.2.2", tries: 1 },
            { address: "2001:db8:7:0::/64", tries: 7 },
          ]),
        },
      },
    ]);
    expect((await tryFrom("192.0.2.4", device, code)).status).toBe(200);
    expect(await codesOf(id)).toMatchObject([{ status: "used", failed_attempts: 11 }]);
  });
});
