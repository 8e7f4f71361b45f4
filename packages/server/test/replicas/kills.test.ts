// @module-tag replicas: three servers of which some end.

import { type CountingAgents, startCountingAgents } from "@tillkeeper/stage/devices/counting-agents";
import { registerDevice } from "@tillkeeper/stage/devices/device";
import { type ServerGroup, startServerGroup } from "@tillkeeper/stage/servers/server-group";
import { send } from "@tillkeeper/stage/servers/test-server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Callers } from "../support/callers.ts";

const base = "/v1/admin/terminals/operations";

describe("three servers of which some end", () => {
  let group: ServerGroup;
  let agents: CountingAgents;
  beforeAll(async () => {
    group = await startServerGroup("T33000001");
    agents = await startCountingAgents(group, group.tenant, 12);
  });
  afterAll(async () => {
    await agents.stop();
    await group.stop();
  });

  /** The operations of earlier tests. */
  const earlierOperations = new Set<string>();

  /** Expects that the callers' answers, the rows of the database and the work of the terminals are in agreement. */
  async function expectNothingLostOrDoubled(callers: Callers): Promise<void> {
    const accepted = callers.accepted.toSorted();
    expect(new Set(accepted).size).toBe(accepted.length);
    const rows = await group.db.sql
      .selectFrom("operations")
      .select(["id", "status"])
      .where("terminal_id", "in", agents.terminalIds)
      .execute();
    const stored = rows.filter(({ id }) => !earlierOperations.has(id));
    expect(stored.map(({ id }) => id).toSorted()).toEqual(accepted);
    expect(new Set(stored.map(({ status }) => status))).toEqual(new Set(["COMPLETED"]));
    const carriedOut = [...agents.carriedOut].filter(([id]) => !earlierOperations.has(id));
    expect(carriedOut.map(([id]) => id).toSorted()).toEqual(accepted);
    expect(new Set(carriedOut.map(([, times]) => times))).toEqual(new Set([1]));
    for (const id of accepted) earlierOperations.add(id);
  }

  it("kill -9: what was accepted is carried out once, and the others go on", async () => {
    const { token } = group.tenant;
    const callers = new Callers({ url: group.url, token, terminalIds: agents.terminalIds, patient: true });
    await callers.more(50);
    for (const member of group.members) {
      await member.kill();
      await callers.more(50);
      await member.start();
    }
    await callers.stop();
    expect(callers.failures).toEqual([]);
    await expectNothingLostOrDoubled(callers);
  });

  it("SIGTERM, one after the other: not one request fails", async () => {
    const { token } = group.tenant;
    const callers = new Callers({ url: group.url, token, terminalIds: agents.terminalIds, patient: false });
    await callers.more(50);
    for (const member of group.members) {
      expect(await member.stop()).toBe(0);
      await member.start();
      await callers.more(20);
    }
    await callers.stop();
    expect(callers.failures).toEqual([]);
    await expectNothingLostOrDoubled(callers);
  });

  it("what a killed server had accepted is sent, ended and timed out by the others", async () => {
    const [first, ...others] = group.members;
    const device = await registerDevice(group, group.tenant, "330000000099");
    await device.hello();
    await device.next("welcome");
    const ask = (timeout: number) =>
      send<{ id: string }>(first?.url as string, "POST", base, {
        token: group.tenant.token,
        body: { terminal_id: device.terminalId, operation: "open_menu", timeout },
      });

    const accepted = await ask(120);
    await first?.kill();
    expect(accepted.status).toBe(201);
    // The killed server may have sent one copy, which the device ignores. Another server must have sent the second
    // one.
    expect(await device.next("command", 1, 60_000)).toMatchObject({ operation_id: accepted.body.id });
    await device.openedMenu(accepted.body.id);
    expect(await device.next("receipt")).toMatchObject({ operation_id: accepted.body.id, status: "COMPLETED" });

    await first?.start();
    const unanswered = await ask(5);
    await first?.kill();
    for (const { url } of others) {
      const path = `${base}/${unanswered.body.id}`;
      const status = async () =>
        (await send<{ status: string }>(url, "GET", path, { token: group.tenant.token })).body.status;
      await expect.poll(status).toBe("TIMEOUT");
    }
    await first?.start();
    await device.leave();
  });
});
