import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { world } from "@tillkeeper/stage/world";
import { describe, expect, it } from "vitest";
import { behindTheTriggers, reportsOn } from "./support/audit.ts";

describe("the audit log", async () => {
  const { server, tenant } = await world({ own: {} });
  const audit = (of: Tenant, query = "") => server.call("GET", `/v1/accounts/${of.aid}/audit${query}`, of);
  const verify = (accountId?: string) => reportsOn(server.db, accountId);
  const createStore = (of: Tenant, store_id: string) =>
    server.call("POST", `/v1/accounts/${of.aid}/stores`, { ...of, body: { store_id } });

  it("tells who changed what, when and from where, with the request-id of the answer", async () => {
    const created = await createStore(tenant, "S1");
    const { body } = await audit(tenant, "?action=store.create");
    expect(body.entries[0]).toMatchObject({
      account_id: tenant.aid,
      actor: tenant.clientId,
      address: "127.0.0.1",
      request_id: created.headers.get("request-id"),
      action: "store.create",
      subject: { type: "store", id: created.body.id },
      before: null,
      after: created.body,
    });
  });

  it("writes nothing for what was refused, and never a secret", async () => {
    const before = (await audit(tenant)).body.entries[0].seq;
    expect((await createStore(tenant, "S1")).status).toBe(409);
    expect((await audit(tenant)).body.entries[0].seq).toBe(before);
    const terminal = { device_serial_number: "990000000001", store_id: "S1" };
    const { body } = await server.call("POST", `/v1/accounts/${tenant.aid}/terminals`, { ...tenant, body: terminal });
    const path = `/v1/accounts/${tenant.aid}/terminals/${body.terminal_id}/credentials`;
    const { password } = (await server.call("POST", path, tenant)).body;
    expect(JSON.stringify((await audit(tenant, "?limit=100")).body)).not.toContain(password);
  });

  it("keeps the text of an entry as JSON.stringify writes it, whatever it holds", async () => {
    const description = '\\ " / \u0007\b\f\n\r\t\u007f\u0080\u2028\u2029 æøå € 𝄞 <script>';
    const body = { client_id: "odd", description };
    expect((await server.call("POST", `/v1/accounts/${tenant.aid}/auth/clients`, { ...tenant, body })).status).toBe(
      201,
    );
    const { rows } = await server.db.pool.query(
      "select entry, at from audit_log where account_id = $1 order by seq desc limit 1",
      [tenant.aid],
    );
    const entry = JSON.parse(rows[0].entry);
    expect(entry.after.description).toBe(description);
    expect(entry.at).toBe(rows[0].at.toISOString());
    expect(rows[0].entry).toBe(JSON.stringify(entry));
  });

  it("filters, pages newest first, and shows nothing of other accounts", async () => {
    const other = await server.account("T90000002");
    for (const id of ["A", "B", "C", "D", "E"]) await createStore(other, id);
    const seen: number[] = [];
    let query = "?limit=2";
    for (;;) {
      const { body } = await audit(other, query);
      seen.push(...body.entries.map((entry: { seq: number }) => entry.seq));
      if (!body.starting_after) break;
      query = `?limit=2&starting_after=${body.starting_after}`;
    }
    expect(seen).toEqual(seen.toSorted((a, b) => b - a));
    expect(seen).toHaveLength(6);
    expect((await audit(other, "?subject_type=store&subject_id=T90000002-0003")).body.entries).toHaveLength(1);
    expect((await audit(other, `?actor=${tenant.clientId}`)).body.entries).toEqual([]);
    expect((await audit(other, "?at.gte=2099-01-01T00:00:00Z")).body.entries).toEqual([]);
    expect((await audit(other, "?at.lte=2099-01-01T00:00:00Z")).body.entries).toHaveLength(6);
    // datalust/seq-tickets #1166: the entry that a time was read from is there, also by the time cut to its second.
    for (const { seq, at } of (await audit(other, "")).body.entries) {
      const second = `${at.slice(0, 19)}Z`;
      for (const time of [at, second])
        expect((await audit(other, `?at.gte=${second}&at.lte=${time}`)).body.entries).toContainEqual(
          expect.objectContaining({ seq, at }),
        );
    }
    expect((await audit(other, "?at.lte=9999-12-31T23:59:59Z")).body.entries).toHaveLength(6);
    const foreign = await server.call("GET", `/v1/accounts/${tenant.aid}/audit`, other);
    expect(foreign.status).toBe(404);
  });

  it("keeps one unbroken chain per account while many change things at once", { tags: "replicas" }, async () => {
    const busy = await server.account();
    await Promise.all(Array.from({ length: 40 }, (_, n) => createStore(busy, `S${n}`)));
    const reports = await verify();
    expect(reports.find((report) => report.accountId === busy.aid)).toEqual({ accountId: busy.aid, entries: 41 });
    expect(reports.every((report) => report.fault === undefined)).toBe(true);
  });

  it("holds for whoever verifies it while it grows", { tags: "replicas" }, async () => {
    const busy = await server.account();
    const writing = new AbortController();
    const writers = Promise.all(
      [1, 2].map(async (writer) => {
        for (let n = 0; n < 60; n += 1) await createStore(busy, `W${writer}-${n}`);
        writing.abort();
      }),
    );
    const faults: string[] = [];
    while (!writing.signal.aborted) faults.push(...(await verify(busy.aid)).flatMap((report) => report.fault ?? []));
    await writers;
    expect(faults).toEqual([]);
  });

  it("cannot be changed or shortened, and shows it when somebody found a way", async () => {
    const victim = await server.account();
    for (const id of ["A", "B", "C"]) await createStore(victim, id);
    const run = (text: string) => server.db.pool.query(text);
    for (const text of ["update audit_log set actor = 'nobody'", "delete from audit_log", "truncate audit_log"]) {
      await expect(run(text), text).rejects.toThrow("append-only");
    }
    const fault = async () => (await verify(victim.aid))[0]?.fault;
    const behindItsBack = (text: string) => behindTheTriggers(server.db, text);
    const one = `where account_id = '${victim.aid}' and seq = 2`;
    expect(await fault()).toBeUndefined();
    await behindItsBack(`update audit_log set entry = replace(entry, 'store.create', 'store.delete') ${one}`);
    expect(await fault()).toBe("entry 2 was changed");
    await behindItsBack(
      `update audit_log set entry = replace(entry, 'store.delete', 'store.create'), actor = 'x' ${one}`,
    );
    expect(await fault()).toBe("the columns of entry 2 do not say what it says");
    await behindItsBack(`delete from audit_log ${one}`);
    expect(await fault()).toBe("entry 2 is missing");
    await behindItsBack(`delete from audit_log where account_id = '${victim.aid}'`);
    expect(await fault()).toBe("entries after 0 are missing of 4");
  });
});
