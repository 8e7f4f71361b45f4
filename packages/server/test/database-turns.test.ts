import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { defaultConnections } from "../src/config/settings.ts";
import { inTenant } from "../src/db/tenants/tenant.ts";
import { inTurn } from "../src/db/turns.ts";

const flood = 200;

describe("turns to use the database", async () => {
  // Of as many connections as a server has by default: of fewer, the last of a flood may wait too long on a busy machine.
  const { server, tenant: flooder } = await world({ own: { config: { databaseConnections: defaultConnections } } });
  const neighbour = await server.account("T50000002");

  it("come to a neighbour at once, however many transactions of one account wait, and stand still", async () => {
    const { db } = server;
    const gate = Promise.withResolvers<void>();
    let begun = 0;
    const flooding = Promise.all(
      Array.from({ length: flood }, () =>
        inTenant(db, flooder.aid, async () => {
          begun += 1;
          await gate.promise;
        }),
      ),
    );
    flooding.catch(() => undefined);
    // None of the flooder's requests ends. The neighbour is served beside them, and connections are left over.
    const seen = await inTenant(db, neighbour.aid, (tx) => tx.selectFrom("accounts").select("account_id").execute());
    expect(seen).toEqual([{ account_id: neighbour.aid }]);
    expect(begun).toBeLessThan(flood / 10);
    await db.sql.selectFrom("accounts").select("account_id").execute();
    gate.resolve();
    await flooding;
    expect(begun).toBe(flood);
  });

  it("come to a neighbour's request after a few of the flooder's requests", async () => {
    const create = (tenant: Tenant) =>
      server.call("POST", `/v1/accounts/${tenant.aid}/stores`, { ...tenant, body: {} });
    let answered = 0;
    const statuses = new Set<number>();
    const first = Promise.withResolvers<void>();
    const flooding = Array.from({ length: flood }, async () => {
      statuses.add((await create(flooder)).status);
      answered += 1;
      first.resolve();
    });
    await first.promise;
    const before = answered;
    expect((await create(neighbour)).status).toBe(201);
    // In order of arrival, nearly 200 earlier requests would be answered first.
    expect(answered - before).toBeLessThan(flood / 3);
    await Promise.all(flooding);
    expect([...statuses]).toEqual([201]);
  });

  it("are never waited for by work that holds one", async () => {
    const { db } = server;
    const inner = () => inTurn(db, neighbour.aid, async () => "a turn");
    await expect(inTenant(db, flooder.aid, inner)).rejects.toThrow("inside of another");
    const later: (() => Promise<string>)[] = [];
    await inTurn(db, flooder.aid, async () => {
      await Promise.resolve();
      const after = Promise.withResolvers<void>();
      const waiting = after.promise.then(inner);
      later.push(() => {
        after.resolve();
        return waiting;
      });
    });
    // Work that began inside a turn and outlives it may take another.
    expect(await later[0]?.()).toBe("a turn");
  });
});
