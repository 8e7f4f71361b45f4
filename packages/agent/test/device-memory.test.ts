import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeDeviceKeys } from "../src/credentials/device-keys.ts";
import { openDeviceMemory } from "../src/credentials/device-memory.ts";
import { pairOrRequestToken, requestToken } from "../src/credentials/pairing.ts";
import { result } from "./support/entries.ts";
import { PairingServer } from "./support/pairing-server.ts";

const terminalId = "T12345678-T0001";
const addressOf = (number: number) => `${terminalId}-D${number}`;

describe("a device that starts", () => {
  let server: PairingServer;
  let folder: string;
  let path: string;
  beforeEach(async () => {
    server = await PairingServer.start();
    folder = mkdtempSync(join(tmpdir(), "tillkeeper-memory-"));
    path = join(folder, "journal.json");
    await startDevice(true);
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const keys = makeDeviceKeys();
  const file = () => ({ path, initial: () => null, readState: () => null });
  const lost = () => server.asked.filter(({ body }) => body["memory_lost"] === true).length;

  /** Starts like a device program: pairs, or requests a token for the paired keys, and opens the journal. */
  async function startDevice(pairs: boolean) {
    const by = { server: server.url, keys };
    const given = pairs
      ? await pairOrRequestToken({ ...by, serialNumber: "S1", code: "C" })
      : { token: await requestToken({ ...by, terminalId }), isNew: false };
    return openDeviceMemory(given, file(), () => requestToken({ ...by, terminalId, memoryLost: true }));
  }

  /** Writes one result to the journal. */
  async function writeResult(pairs = false) {
    const { journal } = await startDevice(pairs);
    const known = result();
    await journal.write(() => ({ results: [known] }));
    return known.operation_id;
  }

  test("begins its journal with the pairing, for the address that it was given", async () => {
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
      address: addressOf(1),
      log: { results: [], begun: [] },
    });
    expect(lost()).toBe(0);
  });

  test("goes on as who it was with its journal", async () => {
    const id = await writeResult();
    const { token, journal, memoryLost } = await startDevice(false);
    expect([token.address, journal.address, memoryLost]).toEqual([addressOf(1), addressOf(1), false]);
    expect(journal.log.find(id)).toBeDefined();
    expect(lost()).toBe(0);
  });

  test("keeps its journal when it pairs again, and notes the new address", async () => {
    const id = await writeResult();
    const { token, journal, memoryLost } = await startDevice(true);
    expect([token.address, journal.address, memoryLost]).toEqual([addressOf(2), addressOf(2), false]);
    expect(journal.log.find(id)).toBeDefined();
    expect((await startDevice(false)).token.address).toBe(addressOf(2));
    expect(lost()).toBe(0);
  });

  test.each([
    ["is missing", () => rmSync(path)],
    ["cannot be read", () => writeFileSync(path, "{")],
    [
      "is another device's",
      () => writeFileSync(path, readFileSync(path, "utf8").replace(terminalId, "T12345678-T0002")),
    ],
  ])("whose journal %s asks for another address, and begins a journal for that", async (_, spoil) => {
    await writeResult();
    spoil();
    const { token, journal, memoryLost } = await startDevice(false);
    expect([token.address, journal.address, memoryLost]).toEqual([addressOf(2), addressOf(2), true]);
    expect(journal.log.entries).toEqual([]);
    expect(server.asked.at(-1)?.body).toMatchObject({ terminal_id: terminalId, memory_lost: true });
    expect(await startDevice(false)).toMatchObject({ token: { address: addressOf(2) }, memoryLost: false });
  });

  test("asks again when the answer got lost or the power did, and is given yet another address", async () => {
    rmSync(path);
    server.losesAnswer = true;
    // The answer to the request for a token is lost.
    await expect(startDevice(false)).rejects.toThrow("502");
    const by = { server: server.url, keys, terminalId };
    server.losesAnswer = true;
    await expect(requestToken({ ...by, memoryLost: true })).rejects.toThrow("502");
    expect(server.device).toBe(2);
    // The server answered, and the power is cut before there is a journal.
    expect(await requestToken({ ...by, memoryLost: true })).toMatchObject({ address: addressOf(3) });
    const { token, journal } = await startDevice(false);
    expect([token.address, journal.address]).toEqual([addressOf(4), addressOf(4)]);
  });

  test("whose pairing was never answered, or never noted, is not taken for one that remembers its new address", async () => {
    const id = await writeResult();
    server.losesAnswer = true;
    await expect(startDevice(true)).rejects.toThrow("502");
    server.refusals.push({ status: 401, code: "pairing_refused" });
    const { token, journal, memoryLost } = await startDevice(true);
    expect([token.address, journal.address, memoryLost]).toEqual([addressOf(3), addressOf(3), true]);
    // The device is still paired, and its results are still to be sent.
    expect(journal.log.find(id)).toBeDefined();
  });

  test("is not started as a new one while the disk is full: there is no address without its journal", async () => {
    rmSync(path);
    const full = new Error("no space left on device");
    const by = { server: server.url, keys, terminalId };
    const replace = () => Promise.reject(full);
    const starting = openDeviceMemory({ token: await requestToken(by), isNew: false }, { ...file(), replace }, () =>
      requestToken({ ...by, memoryLost: true }),
    );
    await expect(starting).rejects.toBe(full);
    expect((await startDevice(false)).token.address).toBe(addressOf(3));
  });
});
