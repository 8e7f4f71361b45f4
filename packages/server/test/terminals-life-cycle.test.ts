import {
  afterEvent,
  statusReasons,
  type TerminalEvent,
  type TerminalState,
  terminalEvents,
  terminalStates,
} from "@tillkeeper/contract/terminal-status";
import { world } from "@tillkeeper/stage/world";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inTenant } from "../src/db/tenants/tenant.ts";
import { moveTerminals } from "../src/terminals/record/life-cycle.ts";
import { resumeTerminalsOfStore, suspendTerminalsOfStore } from "../src/terminals/record/suspension.ts";

const pairs = terminalEvents.flatMap((event) => terminalStates.map((state) => ({ event, state })));
const told = { clientId: "test" };
const fresh: TerminalState = { status: "PENDING", remembered: null };

describe("the life-cycle of terminals", async () => {
  const { server, tenant, aid } = await world({ own: {} });
  /** The database as the server itself opens it: this user is exempt from row-level security. */
  const db = () => server.db;
  const stores = `/v1/accounts/${aid}/stores`;
  const storeRef = (await server.call("POST", stores, { ...tenant, body: { store_id: "S312" } })).body.id;
  const body = { device_serial_number: "210000000001", store_id: "S312" };
  const terminalId = (await server.call("POST", `/v1/accounts/${aid}/terminals`, { ...tenant, body })).body.terminal_id;

  async function put({ status, remembered }: TerminalState): Promise<void> {
    await server.db.sql
      .updateTable("terminals")
      .set({ status, status_before_inactive: remembered, status_reason: statusReasons[status] })
      .where("terminal_id", "=", terminalId)
      .execute();
  }

  async function read(): Promise<TerminalState & { reason: string | null }> {
    const row = await server.db.sql
      .selectFrom("terminals")
      .selectAll()
      .where("terminal_id", "=", terminalId)
      .executeTakeFirstOrThrow();
    return { status: row.status, remembered: row.status_before_inactive, reason: row.status_reason };
  }

  it("is in the database what the table says, for every event in every state", async () => {
    for (const { event, state } of pairs) {
      await put(state);
      await moveTerminals(server.db.sql, server.clock, event, { accountId: aid, terminalId, told });
      const next = afterEvent(event, state);
      expect(await read(), `${event} in ${JSON.stringify(state)}`).toEqual({
        ...next,
        reason: statusReasons[next.status],
      });
    }
  });

  it("keeps its promises whatever happens: DELETED is final, only INACTIVE remembers, events may come twice", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...terminalEvents), { maxLength: 30 }), (events) => {
        let state = fresh;
        for (const event of events) {
          const next = afterEvent(event, state);
          expect(next.remembered !== null).toBe(next.status === "INACTIVE");
          expect(afterEvent(event, next)).toEqual(next);
          if (state.status === "DELETED") expect(next).toEqual(state);
          if (event !== "store_resumed" && event !== "deleted" && state.status === "INACTIVE")
            expect(next.status).toBe("INACTIVE");
          state = next;
        }
      }),
    );
  });

  it("goes on unseen while the store is suspended: the end of it shows the same as if it had never been", () => {
    const others = terminalEvents.filter((event) => !event.startsWith("store_"));
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...others), { maxLength: 20 }), fc.nat(20), (events, at) => {
        const run = (all: TerminalEvent[]) => all.reduce((state, event) => afterEvent(event, state), fresh);
        const suspended: TerminalEvent[] = [...events.slice(0, at), "store_suspended", ...events.slice(at)];
        expect(run([...suspended, "store_resumed"])).toEqual(run(events));
      }),
    );
  });

  it("turns the terminals of a store INACTIVE and back, with what they earned meanwhile", async () => {
    await put({ status: "ACTION_REQUIRED", remembered: null });
    const at = { accountId: aid, storeRef, told };
    await inTenant(db(), aid, (tx) => suspendTerminalsOfStore(tx, server.clock, at));
    const shown = async () => (await server.call("GET", `/v1/accounts/${aid}/terminals/${terminalId}`, tenant)).body;
    expect(await shown()).toMatchObject({ status: "INACTIVE" });
    expect(await shown()).not.toHaveProperty("status_reason");
    await moveTerminals(server.db.sql, server.clock, "update_checked", { accountId: aid, terminalId, told });
    expect(await shown()).toMatchObject({ status: "INACTIVE" });
    await inTenant(db(), aid, (tx) => resumeTerminalsOfStore(tx, server.clock, at));
    expect(await shown()).toMatchObject({ status: "ACTIVE" });
    await inTenant(db(), aid, (tx) => resumeTerminalsOfStore(tx, server.clock, at));
    expect(await shown()).toMatchObject({ status: "ACTIVE" });
  });

  it("does not reach the terminals of another account", async () => {
    await put(fresh);
    const foreign = await server.account();
    const at = { accountId: foreign.aid, storeRef, told };
    await inTenant(db(), foreign.aid, (tx) => suspendTerminalsOfStore(tx, server.clock, at));
    // Not even when the rule is called with the wrong account: the database's own policy refuses.
    await inTenant(db(), foreign.aid, (tx) => suspendTerminalsOfStore(tx, server.clock, { ...at, accountId: aid }));
    expect(await read()).toMatchObject({ status: "PENDING" });
  });
});
