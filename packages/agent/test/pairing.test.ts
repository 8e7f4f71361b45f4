import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DeviceCredential } from "../src/credentials/device-credential.ts";
import { makeDeviceKeys, openDeviceKeys } from "../src/credentials/device-keys.ts";
import { pairDevice, pairOrRequestToken, requestToken } from "../src/credentials/pairing.ts";
import { FakeClock } from "./support/fake-clock.ts";
import { PairingServer } from "./support/pairing-server.ts";

let server: PairingServer;
let folder: string;
beforeEach(async () => {
  server = await PairingServer.start();
  folder = mkdtempSync(join(tmpdir(), "tillkeeper-keys-"));
});
afterEach(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("the keys of a device", () => {
  test.each(["EdDSA", "ES256"] as const)(
    "are made once, for their owner alone, and found again: %s",
    async (algorithm) => {
      const path = join(folder, "keys.json");
      const made = await openDeviceKeys(path, algorithm);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      const found = await openDeviceKeys(path);
      expect(found).toMatchObject({ algorithm, publicKey: made.publicKey });
      expect(made.publicKey).not.toHaveProperty("d");
      await pairDevice({ server: server.url, keys: made, serialNumber: "S1", code: "C" });
      await requestToken({ server: server.url, keys: found, terminalId: "T12345678-T0001" });
      // The server verified the second proof with the key of the first.
      expect(server.asked.at(-1)?.proof?.header).toEqual({ alg: algorithm, typ: "device-renewal+jwt" });
      expect(server.asked.at(-1)?.proof?.payload).toEqual({
        aud: `${server.url}/v1/device/token`,
        nonce: "nonce-3",
        sub: "T12345678-T0001",
      });
    },
  );

  test("are never made anew over damaged ones", async () => {
    const path = join(folder, "keys.json");
    await openDeviceKeys(path);
    const whole = readFileSync(path, "utf8");
    const other = whole.replace("EdDSA", "ES256");
    for (const text of ["", "{}", whole.slice(0, -10), other, whole.replace(/"d":"[^"]+"/, '"d":"x"')]) {
      writeFileSync(path, text);
      await expect(openDeviceKeys(path), text).rejects.toThrow(/damaged/);
      expect(readFileSync(path, "utf8")).toBe(text);
    }
  });
});

describe("pairing", () => {
  test("proves the key with the server's nonce and the code, and brings the public key along", async () => {
    const keys = makeDeviceKeys();
    const token = await pairDevice({
      server: server.url,
      keys,
      serialNumber: "S1",
      code: "ABCD-EFGH",
      agentName: "x 1",
    });
    expect(token).toMatchObject({ terminal_id: "T12345678-T0001", token: "token-1" });
    const [, { path, body, proof } = { path: "", body: {}, proof: undefined }] = server.asked;
    expect({ path, body }).toEqual({
      path: "/v1/device/pair",
      body: { device_serial_number: "S1", code: "ABCD-EFGH", agent: "x 1", proof: expect.any(String) },
    });
    expect(proof).toEqual({
      header: { alg: "EdDSA", typ: "device-pairing+jwt", jwk: keys.publicKey },
      payload: { aud: `${server.url}/v1/device/pair`, nonce: "nonce-1", sub: "S1", code: "ABCD-EFGH" },
    });
  });

  test("that is refused because its first answer got lost ends with a token all the same", async () => {
    server.refusals.push({ status: 401, code: "pairing_refused" });
    const options = { server: server.url, keys: makeDeviceKeys(), serialNumber: "S1", code: "C" };
    expect(await pairOrRequestToken(options)).toMatchObject({ token: { token: "token-1" }, isNew: false });
    expect(server.asked.at(-1)?.body).toEqual({ device_serial_number: "S1", proof: expect.any(String) });
  });

  test("is proved once more, with a fresh nonce, when the proof is refused", async () => {
    const options = { server: server.url, keys: makeDeviceKeys(), serialNumber: "S1", code: "C" };
    server.refusals.push({ status: 401, code: "invalid_proof" });
    expect(await pairDevice(options)).toMatchObject({ token: "token-1" });
    expect(server.asked.map(({ proof }) => proof?.payload["nonce"])).toEqual([
      undefined,
      "nonce-1",
      undefined,
      "nonce-3",
    ]);
  });

  test("tells what cannot be helped by asking again from what can", async () => {
    const options = { server: server.url, keys: makeDeviceKeys(), serialNumber: "S1", code: "C" };
    const outcome = () => pairOrRequestToken(options).catch((cause: unknown) => cause);
    const notProven = { status: 401, code: "invalid_proof" };
    server.refusals.push({ status: 401, code: "pairing_refused" }, notProven, notProven);
    expect(await outcome()).toMatchObject({ code: "pairing_refused", final: true });
    server.refusals.push(notProven, notProven);
    expect(await outcome()).toMatchObject({ code: "invalid_proof", final: true });
    server.refusals.push({ status: 429, code: "too_many_requests", retryAfter: "7" });
    expect(await outcome()).toMatchObject({ final: false, retryAfterMs: 7_000 });
    server.refusals.push({ status: 502 });
    expect(await outcome()).toMatchObject({ code: undefined, final: false });
    expect(
      await pairDevice({ ...options, server: "http://127.0.0.1:1" }).catch((cause: unknown) => cause),
    ).toMatchObject({ code: undefined, final: false });
  });
});

describe("a device's credential", () => {
  const terminalId = "T12345678-T0001";
  let clock: FakeClock;
  let device: DeviceCredential;
  const lockedOut = vi.fn<() => void>();
  const moved = vi.fn<(address: string) => Promise<void>>();
  const handInResults = vi.fn<() => Promise<void>>();
  beforeEach(async () => {
    clock = new FakeClock("2026-01-01T00:00:00Z");
    lockedOut.mockClear();
    moved.mockReset();
    handInResults.mockReset();
    const keys = makeDeviceKeys();
    const first = await pairDevice({ server: server.url, keys, serialNumber: "S1", code: "C" });
    device = await DeviceCredential.open({
      server: server.url,
      keys,
      terminalId,
      first,
      clock,
      lockedOut,
      moved,
      handInResults,
    });
  });
  afterEach(() => device.stop());
  const password = () => (device.credential.password as () => string)();
  const renewals = () => server.count("/v1/device/token");
  /** Waits until a renewal under way has ended and its next timer is set. */
  const settled = (count: number) => vi.waitUntil(() => renewals() === count && clock.timers === 1);

  test("begins with a token that is asked for until the server answers, or says that it never will", async () => {
    const keys = makeDeviceKeys();
    await pairDevice({ server: server.url, keys, serialNumber: "S1", code: "C" });
    const options = { server: server.url, keys, terminalId, clock };
    server.refusals.push({ status: 503 }, { status: 502 });
    const opening = DeviceCredential.open(options);
    for (const attempt of [1, 2]) {
      await vi.waitUntil(() => renewals() === attempt && clock.timers === 2);
      clock.advance(2_000);
    }
    const opened = await opening;
    expect(opened.token).toMatch(/^token-/);
    opened.stop();

    server.refusals.push({ status: 401, code: "invalid_proof" }, { status: 401, code: "invalid_proof" });
    await expect(DeviceCredential.open(options)).rejects.toMatchObject({ code: "invalid_proof" });
    const ending = new AbortController();
    server.refusals.push({ status: 503 });
    const ended = DeviceCredential.open(options, ending.signal);
    const before = renewals();
    await vi.waitUntil(() => renewals() > before && clock.timers === 2);
    ending.abort(new Error("enough"));
    await expect(ended).rejects.toThrow("enough");
  });

  test("is renewed at four fifths of its life, again and again", async () => {
    clock.advance(79_999);
    expect({ renewals: renewals(), password: password() }).toEqual({ renewals: 0, password: "token-1" });
    clock.advance(1);
    await settled(1);
    expect(password()).toBe("token-2");
    clock.advance(80_000);
    await settled(2);
    expect(password()).toBe("token-3");
    device.stop();
    expect(clock.timers).toBe(0);
  });

  test("is renewed at once when it is refused, and not without end", async () => {
    device.credential.refused?.();
    device.credential.refused?.();
    clock.advance(0);
    await settled(1);
    expect(password()).toBe("token-2");
    device.credential.refused?.();
    clock.advance(0);
    expect(renewals()).toBe(1);
    // Further refusals meanwhile do not delay the planned renewal.
    for (let tenths = 0; tenths < 10; tenths += 1) {
      device.credential.refused?.();
      clock.advance(100);
    }
    await settled(2);
  });

  test("has connections opened anew where the broker will end them with the password before", async () => {
    const reopened = vi.fn<() => void>();
    const stop = device.credential.whenOutdated?.(reopened);
    clock.advance(80_000);
    await settled(1);
    // Neither a new token nor an unchanged broker password ends the connection.
    expect(reopened).toHaveBeenCalledTimes(0);
    for (const [renewal, passwordOf, times] of [
      [2, () => "the same for good", 1],
      [3, () => "the same for good", 1],
      [4, (number: number) => `jwt-${number}`, 2],
      [5, (number: number) => `jwt-${number}`, 3],
    ] as const) {
      server.passwordOf = passwordOf;
      clock.advance(80_000);
      await settled(renewal);
      expect(reopened).toHaveBeenCalledTimes(times);
    }
    stop?.();
    clock.advance(80_000);
    await settled(6);
    expect(reopened).toHaveBeenCalledTimes(3);
  });

  test("asks for an address of its own when another than before is answered, and has it noted before it is used", async () => {
    const address = () => [device.credential, device.overHttps].map((one) => (one.address as () => string)());
    const reopened = vi.fn<(carrier: string) => void>();
    device.credential.whenOutdated?.(() => reopened(`MQTT ${address()[0]}`));
    device.overHttps.whenOutdated?.(() => reopened(`HTTPS ${address()[1]}`));
    const [first, next] = [1, 3].map((number) => `${terminalId}-D${number}`);
    // A second device with the same keys has requested a token.
    server.device = 2;
    const noted = Promise.withResolvers<void>();
    moved.mockReturnValueOnce(noted.promise);
    clock.advance(80_000);
    await vi.waitUntil(() => moved.mock.calls.length > 0);
    expect(moved.mock.calls).toEqual([[next]]);
    expect({ address: address(), password: password() }).toEqual({ address: [first, first], password: "token-1" });
    expect(reopened).not.toHaveBeenCalled();
    noted.resolve();
    await settled(2);
    expect(reopened.mock.calls).toEqual([[`MQTT ${next}`], [`HTTPS ${next}`]]);
    expect(password()).toBe("token-3");
    clock.advance(80_000);
    await settled(3);
    expect(server.asked.at(-1)?.body).not.toHaveProperty("memory_lost");
    expect(reopened).toHaveBeenCalledTimes(2);
  });

  test.each(["credential", "overHttps"] as const)(
    "asks for another address at once when its %s finds the journal to be an old copy",
    async (carrier) => {
      const address = device.credential.address as () => string;
      moved.mockRejectedValueOnce(new Error("the disk is full"));
      device[carrier].memoryLost?.();
      device[carrier].memoryLost?.();
      clock.advance(0);
      await settled(1);
      expect(server.asked.at(-1)?.body).toMatchObject({ terminal_id: terminalId, memory_lost: true });
      expect(address()).toBe(`${terminalId}-D1`);
      clock.advance(1_000);
      await settled(2);
      expect(moved.mock.calls).toEqual([[`${terminalId}-D2`], [`${terminalId}-D3`]]);
      expect(address()).toBe(`${terminalId}-D3`);
      clock.advance(80_000);
      await settled(3);
      expect(server.asked.at(-1)?.body).not.toHaveProperty("memory_lost");
    },
  );

  test("finds that out while it is being renewed, too", async () => {
    clock.advance(80_000);
    device.credential.memoryLost?.();
    await settled(1);
    clock.advance(0);
    await settled(2);
    expect(moved.mock.calls).toEqual([[`${terminalId}-D2`]]);
  });

  test("stays who it was when its new address cannot be noted, and asks for yet another later", async () => {
    const address = device.credential.address as () => string;
    server.device = 2;
    moved.mockRejectedValueOnce(new Error("the disk is full"));
    clock.advance(80_000);
    await settled(2);
    expect(address()).toBe(`${terminalId}-D1`);
    clock.advance(1_000);
    await settled(4);
    expect([address(), server.device]).toEqual([`${terminalId}-D4`, 4]);
  });

  test("is asked for again after trouble, later each time, as late as the server wants", async () => {
    server.refusals.push({ status: 503 }, { status: 429, code: "too_many_requests", retryAfter: "30" });
    clock.advance(80_000);
    await settled(1);
    clock.advance(1_000);
    await settled(2);
    clock.advance(29_999);
    expect(renewals()).toBe(2);
    clock.advance(1);
    await settled(3);
    expect(password()).toBe("token-2");
    expect(lockedOut).not.toHaveBeenCalled();
  });

  test("tells once when the server does not know the device any more, and goes on asking now and then", async () => {
    // Each renewal makes two proofs.
    server.refusals.push(...Array.from({ length: 4 }, () => ({ status: 401, code: "invalid_proof" })));
    device.credential.refused?.();
    clock.advance(0);
    await settled(2);
    expect([lockedOut.mock.calls.length, handInResults.mock.calls.length]).toEqual([1, 1]);
    handInResults.mockRejectedValueOnce(new Error("the server does not understand a result"));
    device.credential.refused?.();
    clock.advance(59_999);
    expect(renewals()).toBe(2);
    clock.advance(1);
    await settled(4);
    expect([lockedOut.mock.calls.length, handInResults.mock.calls.length]).toEqual([1, 2]);
    clock.advance(60_000);
    await settled(5);
    expect(password()).toBe("token-2");
  });
});
