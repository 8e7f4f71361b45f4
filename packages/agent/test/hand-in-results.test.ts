import type { ResultMessage } from "@tillkeeper/contract/mqtt/messages";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeDeviceKeys } from "../src/credentials/device-keys.ts";
import { pairDevice } from "../src/credentials/pairing.ts";
import { memoryJournal } from "../src/memory/journal.ts";
import { emptyLog } from "../src/memory/result-log.ts";
import { handInResults } from "../src/talk/hand-in-results.ts";
import { result } from "./support/entries.ts";
import { PairingServer } from "./support/pairing-server.ts";

const address = "T12345678-T0001-D1";

describe("a device that was replaced", () => {
  let server: PairingServer;
  const keys = makeDeviceKeys();
  beforeEach(async () => {
    server = await PairingServer.start();
    await pairDevice({ server: server.url, keys, serialNumber: "S1", code: "C" });
  });
  afterEach(() => server.stop());
  const by = () => ({ server: server.url, keys });
  const requests = () => server.asked.filter(({ path }) => path === "/v1/device/results");

  test("hands in what the server lacks, in order, 50 at a time, with a proof that names its address", async () => {
    const journal = memoryJournal(null, address);
    await journal.write(() => ({ results: Array.from({ length: 120 }, () => result()) }));
    journal.hold(10);
    server.held.push(...(journal.log.after(0, 10) as ResultMessage[]));
    await handInResults(by(), journal);
    expect(server.held.map(({ number }) => number)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1));
    expect(requests().map(({ body }) => (body["results"] as unknown[]).length)).toEqual([50, 50, 10]);
    expect(requests()[0]?.body).toMatchObject({ address });
    expect(requests()[0]?.proof).toMatchObject({
      header: { typ: "device-results+jwt" },
      payload: { sub: address, aud: `${server.url}/v1/device/results` },
    });
    // The next call asks how much the server holds: its database may have been restored.
    await handInResults(by(), journal);
    expect(
      requests()
        .slice(3)
        .map(({ body }) => body["results"]),
    ).toMatchObject([[{ number: 120 }]]);
    server.held.length = 118;
    await handInResults(by(), journal);
    expect(server.held.map(({ number }) => number).slice(118)).toEqual([119, 120]);
  });

  test("goes on from where the server is, before or behind what it believed, and over what is not kept any more", async () => {
    const entries = [3, 4, 9, 10, 11].map((number) => ({ ...result(), number }));
    const journal = memoryJournal(null, address, { ...emptyLog, results: entries });
    journal.hold(10);
    await handInResults(by(), journal);
    expect(server.held.map(({ number, after }) => [number, after])).toEqual([
      [3, 0],
      [4, undefined],
      [9, 4],
      [10, undefined],
      [11, undefined],
    ]);
    expect(journal.held).toBe(11);
  });

  test("leaves it when the server does not take it, and may try again", async () => {
    const journal = memoryJournal(null, address);
    await journal.write(() => ({ results: [result()] }));
    server.refusals.push({ status: 400, code: "invalid_request" });
    await expect(handInResults(by(), journal)).rejects.toMatchObject({ code: "invalid_request" });
    await handInResults(by(), journal);
    expect(server.held).toHaveLength(1);
    // A journal without an address has no device whose results could be handed in.
    await handInResults(by(), memoryJournal(null));
  });
});
