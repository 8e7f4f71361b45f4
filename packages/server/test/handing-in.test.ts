import { randomUUID } from "node:crypto";
import { limits } from "@tillkeeper/contract/limits";
import { newNonce, PairingDevice, registerForPairing } from "@tillkeeper/stage/devices/pairing-device";
import { nextSerial } from "@tillkeeper/stage/devices/serials";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const path = "/v1/device/results";

/** What a replaced device may still do (docs/adr/0026-closes-and-memory.md). */
describe("results that are handed in", async () => {
  const { server, tenant } = await world({ own: {} });
  const at = () => new Date().toISOString();
  const byHand = (number: number, id = randomUUID()) => ({
    number,
    operation_id: id,
    operation: "end_of_day",
    status: "COMPLETED",
    by_hand: true,
    finished_at: at(),
    result: { outcome: "unconfirmed", batch_id: `${number}` },
  });
  const closesOf = async (terminalId: string): Promise<{ result: { batch_id: string } }[]> =>
    (await server.call("GET", `/v1/admin/terminals/operations?terminal_id=${terminalId}`, tenant)).body;

  async function paired() {
    const device = await PairingDevice.make();
    const { terminal_id: terminalId, pairing } = await registerForPairing(server, tenant, device.serial);
    const { body } = await device.pair(server, pairing.code);
    return { device, terminalId: terminalId as string, address: body.address as string };
  }
  async function proofOf(device: PairingDevice, address: string) {
    return device.sign(server, "results", { nonce: await newNonce(server), sub: address });
  }
  const handInResults = (address: string, proof: string, results: object[]) =>
    server.call("POST", path, { body: { address, proof, results } });

  it("count from a device whose terminal another one is now, in order and once", { tags: "replicas" }, async () => {
    const { device, terminalId, address } = await paired();
    const swap = { device_serial_number: nextSerial() };
    const swapped = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals/${terminalId}/device`, {
      ...tenant,
      body: swap,
    });
    expect(swapped.status).toBe(200);
    expect((await device.renew(server, terminalId)).status).toBe(401);
    const [one, other] = [byHand(1), byHand(2)];
    const answer = await handInResults(address, await proofOf(device, address), [one, other]);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      receipts: [
        { operation_id: one.operation_id, status: "COMPLETED", memory: { number: 1, id: one.operation_id } },
        { operation_id: other.operation_id, status: "COMPLETED", memory: { number: 2, id: other.operation_id } },
      ],
      memory: { number: 2, id: other.operation_id },
    });
    const again = await handInResults(address, await proofOf(device, address), [one]);
    expect(again.body.memory).toEqual({ number: 2, id: other.operation_id });
    // Both have the same millisecond, so their order in the list is not defined.
    expect((await closesOf(terminalId)).map(({ result }) => result.batch_id).toSorted()).toEqual(["1", "2"]);
  });

  it("need a proof by the key that the address had, good for this alone and once", { tags: "replicas" }, async () => {
    const { device, terminalId, address } = await paired();
    const { device: stranger } = await paired();
    const results = [byHand(1)];
    const proof = await proofOf(device, address);
    for (const [name, wrong, to] of [
      ["a stranger's", await proofOf(stranger, address), address],
      ["for another address", await proofOf(device, `${terminalId}-D1`), `${terminalId}-D1`],
      [
        "of another kind",
        await device.sign(server, "renewal", { nonce: await newNonce(server), sub: address }),
        address,
      ],
      ["of another terminal", await proofOf(device, `${tenant.aid}-T9999-D1`), `${tenant.aid}-T9999-D1`],
    ] as const) {
      const refused = await handInResults(to, wrong, results);
      expect([name, refused.status, refused.body.error.code]).toEqual([name, 401, "invalid_proof"]);
    }
    expect((await handInResults(address, proof, results)).status).toBe(200);
    expect((await handInResults(address, proof, results)).status).toBe(401);
    expect(await closesOf(terminalId)).toHaveLength(1);
  });

  it("go on behind one that nobody can read, and stop at one that says not even where it stands", async () => {
    const { device, terminalId, address } = await paired();
    const bad = { ...byHand(2), result: { outcome: "perhaps", batch_id: "2" } };
    const answer = await handInResults(address, await proofOf(device, address), [byHand(1), bad, byHand(3)]);
    expect(answer.body.receipts[1]).toEqual({
      operation_id: bad.operation_id,
      memory: { number: 2, id: bad.operation_id },
    });
    expect(answer.body.memory.number).toBe(3);
    const refused = await handInResults(address, await proofOf(device, address), [byHand(4), { colour: "green" }]);
    expect(refused.status).toBe(400);
    expect(refused.body.error.errors[0].path).toMatch(/^\/body\/results\/1/);
    expect(await closesOf(terminalId)).toHaveLength(3);
  });

  it("are few in a minute where nobody asked for them: those that were taken stay, the others wait", async () => {
    const { device, terminalId, address } = await paired();
    const most = limits.closesWithoutCommandPerMinute;
    const all = Array.from({ length: most + 1 }, (_, index) => byHand(index + 1));
    const batches = [all.slice(0, 50), all.slice(50)];
    const answers = [];
    for (const batch of batches) answers.push(await handInResults(address, await proofOf(device, address), batch));
    expect(answers.map(({ status }) => status)).toEqual([200, 429]);
    expect(answers[1]?.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    const { rows } = await server.db.pool.query(
      "select count(*)::int as count from operations where terminal_id = $1",
      [terminalId],
    );
    expect(rows).toEqual([{ count: most }]);
  });

  // One that cannot be read, and may never be, must not keep the rest of a log from coming in.
  it.each([
    ["a name twice", '"note":{"a":1,"a":2}'],
    ["a name that reaches a prototype", '"note":{"__proto__":{}}'],
    ["a text that cannot be kept", '"note":"a\\u0000"'],
    ["nesting without end", `"note":${"[".repeat(100)}${"]".repeat(100)}`],
    ["more values than a message may have", `"note":[${"0,".repeat(limits.mqttMessageValues)}0]`],
    ["more bytes than a message may have", `"note":"${"x".repeat(limits.mqttPacketBytes)}"`],
  ])("go on behind one with %s, which only counts in the log", async (_what, field) => {
    const { device, terminalId, address } = await paired();
    const all = [1, 2, 3].map((number) => byHand(number));
    const proof = await proofOf(device, address);
    const text = JSON.stringify({ address, proof, results: all }).replace('"number":2', () => `"number":2,${field}`);
    const { status, body } = await server.call("POST", path, { body: text });
    expect([status, body.receipts?.map((receipt: { status?: string }) => receipt.status)]).toEqual([
      200,
      ["COMPLETED", undefined, "COMPLETED"],
    ]);
    expect(body.memory).toEqual({ number: 3, id: all[2]?.operation_id });
    expect((await closesOf(terminalId)).map(({ result }) => result.batch_id).toSorted()).toEqual(["1", "3"]);
  });

  it("are taken for a month after the device was replaced, and not for ever", async () => {
    const { device, terminalId, address } = await paired();
    const present = await paired();
    const swap = { device_serial_number: nextSerial() };
    await server.call("POST", `/v1/accounts/${tenant.aid}/terminals/${terminalId}/device`, { ...tenant, body: swap });
    server.clock.advance(limits.formerDeviceDays * 86_400_000 - 60_000);
    expect((await handInResults(address, await proofOf(device, address), [byHand(1)])).status).toBe(200);
    server.clock.advance(60_000);
    const late = await handInResults(address, await proofOf(device, address), [byHand(2)]);
    expect([late.status, late.body.error.code]).toEqual([401, "invalid_proof"]);
    const proof = await proofOf(present.device, present.address);
    expect((await handInResults(present.address, proof, [byHand(1)])).status).toBe(200);
  });
});
