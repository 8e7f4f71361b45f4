import { activeDevice } from "@tillkeeper/stage/devices/device";
import { startTestServer } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";

const base = "/v1/admin/terminals/operations";

/** D14: the wait that a 409 names. */
describe("a 409 to a busy terminal", async () => {
  const { server, tenant } = await world({ own: {} });

  it("says when the blocker can be expected to end: its deadline, or sooner by how long such operations have taken", async () => {
    const device = await activeDevice(server, tenant, "280000000000");
    const post = (timeout = 600) =>
      server.call("POST", base, {
        ...tenant,
        body: { terminal_id: device.terminalId, operation: "open_menu", timeout },
      });
    const finish = async (id: string) => {
      const receipts = device.received.filter((entry) => entry.channel === "receipt").length;
      await device.openedMenu(id);
      await device.next("receipt", receipts);
    };
    const perform = async () => {
      const { body } = await post();
      server.clock.advance(8_000);
      await finish(body.id);
    };
    const blocked = async () => {
      const answer = await post();
      expect(answer.status).toBe(409);
      const { blocker } = answer.body.error.errors[0];
      const seconds = Number(answer.headers.get("retry-after"));
      const untilEnd = (Date.parse(blocker.expected_end) - server.clock.now().getTime()) / 1000;
      // The answer was made before this reading of the clock.
      expect(seconds).toBeGreaterThanOrEqual(Math.floor(untilEnd));
      return { seconds, blocker };
    };

    // No durations are known yet, so it names the deadline.
    const { body: first } = await post();
    const unknown = await blocked();
    expect(unknown.seconds).toBeGreaterThan(500);
    expect(unknown.blocker).toMatchObject({ id: first.id, deadline: first.deadline, expected_end: first.deadline });
    await finish(first.id);

    // Each takes eight seconds, and what the machine adds: with the first one five are known.
    for (let count = 0; count < 4; count += 1) await perform();
    const { body: last } = await post();
    const known = await blocked();
    expect(known.seconds).toBeGreaterThanOrEqual(8);
    expect(known.seconds).toBeLessThan(300);
    expect(known.blocker.deadline > known.blocker.expected_end).toBe(true);

    // However near the expected end is, it is never told to come back at once.
    server.clock.advance(Date.parse(known.blocker.expected_end) - server.clock.now().getTime() - 1);
    expect((await blocked()).seconds).toBeGreaterThanOrEqual(1);
    // An operation that takes longer than any before it: only the deadline is certain.
    server.clock.advance(60_000);
    expect((await blocked()).seconds).toBeGreaterThan(500);
    await finish(last.id);

    // Nor is it told to wait beyond the deadline, however long such operations take.
    const { body: short } = await post(5);
    server.clock.advance(3_000);
    const near = await blocked();
    expect(near.seconds).toBeLessThanOrEqual(2);
    expect(near.seconds).toBeGreaterThanOrEqual(1);
    expect(near.blocker).toMatchObject({ deadline: short.deadline, expected_end: short.deadline });
    await device.leave();
  });

  it("says the same on every server", async () => {
    // A server writes its counts every ten seconds; another server reads them at its start, and every ten seconds.
    const shared = async () => {
      const { rows } = await server.db.pool.query("select coalesce(sum(count), 0)::int as n from operation_durations");
      return rows[0].n;
    };
    await expect.poll(shared, { interval: 200 }).toBeGreaterThanOrEqual(5);
    const other = await startTestServer({ database: server.database });
    other.clock.moveTo(server.clock.now().toISOString());
    const device = await activeDevice(server, tenant, "280000000001");
    const body = { terminal_id: device.terminalId, operation: "open_menu", timeout: 600 };
    await server.call("POST", base, { ...tenant, body });
    const answer = await other.call("POST", base, { ...tenant, body });
    expect(Number(answer.headers.get("retry-after"))).toBeLessThan(300);
    await device.leave();
    await other.stop();
  });
});
