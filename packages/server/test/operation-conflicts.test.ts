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
    const post = () =>
      server.call("POST", base, {
        ...tenant,
        body: { terminal_id: device.terminalId, operation: "open_menu", timeout: 600 },
      });
    const perform = async () => {
      const { body } = await post();
      const receipts = device.received.filter((entry) => entry.channel === "receipt").length;
      server.clock.advance(4_000);
      await device.openedMenu(body.id);
      await device.next("receipt", receipts);
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
    await device.openedMenu(first.id);
    await device.next("receipt");

    // Each takes four seconds, and what the machine adds.
    for (let count = 0; count < 25; count += 1) await perform();
    await post();
    const known = await blocked();
    expect(known.seconds).toBeGreaterThanOrEqual(4);
    expect(known.seconds).toBeLessThan(300);
    expect(known.blocker.deadline > known.blocker.expected_end).toBe(true);

    // An operation that takes longer than any before it: only the deadline is certain.
    server.clock.advance(60_000);
    expect((await blocked()).seconds).toBeGreaterThan(500);
    await device.leave();
  });

  it("says the same on every server", async () => {
    // A server writes its counts every ten seconds; another server reads them at its start, and every ten seconds.
    const shared = async () => {
      const { rows } = await server.db.pool.query("select coalesce(sum(count), 0)::int as n from operation_durations");
      return rows[0].n;
    };
    await expect.poll(shared, { interval: 200 }).toBeGreaterThanOrEqual(25);
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
