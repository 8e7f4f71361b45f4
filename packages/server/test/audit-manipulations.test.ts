import { createHash } from "node:crypto";
import { databaseUrl } from "@tillkeeper/stage/postgres/own-postgres";
import type { Tenant } from "@tillkeeper/stage/servers/test-server";
import { ownServer } from "@tillkeeper/stage/world";
import { sql } from "kysely";
import pg from "pg";
import { describe, expect, inject, it } from "vitest";
import { inTenant } from "../src/db/tenants/tenant.ts";
import { behindTheTriggers, reportsOn } from "./support/audit.ts";

const zeroes = "decode(repeat('00', 32), 'hex')";

interface Manipulation {
  what: string;
  statements: (aid: string) => string[];
  /** The fault that `audit verify` reports, and the one it reports after another change of the account. */
  shows: string | undefined;
  later: string | undefined;
  /** Number of the log's entries afterwards; there were five. */
  entries: number;
  /** The tenants' role, and an owner who keeps the triggers, cannot do it. */
  refused: boolean;
}

const ofAccount = (aid: string) => `where account_id = '${aid}'`;
const forged = (aid: string, seq: string) =>
  `insert into audit_log (account_id, seq, at, actor, action, subject_type, subject_id, entry, previous_hash, hash)
   values ('${aid}', ${seq}, now(), 'x', 'x', 'x', 'x', '{}', ${zeroes}, decode('00', 'hex'))`;

const manipulations: Manipulation[] = [
  {
    what: "the last entries deleted and the head set back",
    statements: (aid) => [
      `delete from audit_log ${ofAccount(aid)} and seq > 2`,
      `update audit_heads set seq = 2, hash = (select hash from audit_log ${ofAccount(aid)} and seq = 2) ${ofAccount(aid)}`,
    ],
    // No chain inside the database can show it; signed checkpoints do.
    shows: undefined,
    later: undefined,
    entries: 3,
    refused: true,
  },
  {
    what: "all entries and the head deleted",
    statements: (aid) => [`delete from audit_log ${ofAccount(aid)}`, `delete from audit_heads ${ofAccount(aid)}`],
    shows: "there is no entry, although every account has account.create",
    later: "entry 1 is not account.create of AID: what was before is missing",
    entries: 1,
    refused: true,
  },
  {
    what: "the head deleted",
    statements: (aid) => [`delete from audit_heads ${ofAccount(aid)}`],
    shows: "the head is missing, the log ends at 5",
    later: "entry 6 tells of a discrepancy: the head was missing when the log ended at 5",
    entries: 7,
    refused: true,
  },
  {
    what: "an entry forged far above the head",
    statements: (aid) => [forged(aid, "900000")],
    shows: "entry 900000 is above the head, which says 5: it was forged, or the head was set back",
    later: "entry 900000 is above the head, which says 6: it was forged, or the head was set back",
    entries: 7,
    refused: true,
  },
  {
    what: "the head set back",
    statements: (aid) => [
      `update audit_heads set seq = 1, hash = (select hash from audit_log ${ofAccount(aid)} and seq = 1) ${ofAccount(aid)}`,
    ],
    shows: "entry 2 is above the head, which says 1: it was forged, or the head was set back",
    later: "entry 6 tells of a discrepancy: the head said 1 when the log ended at 5",
    entries: 7,
    refused: true,
  },
  {
    what: "a hole",
    statements: (aid) => [`delete from audit_log ${ofAccount(aid)} and seq = 3`],
    shows: "entry 3 is missing",
    later: "entry 3 is missing",
    entries: 5,
    refused: true,
  },
  {
    what: "the last entry deleted, the head left",
    statements: (aid) => [`delete from audit_log ${ofAccount(aid)} and seq = 5`],
    shows: "entries after 4 are missing of 5",
    later: "entry 5 is missing",
    entries: 6,
    refused: true,
  },
  {
    what: "an entry forged right above the head",
    statements: (aid) => [forged(aid, "6")],
    shows: "entry 6 is above the head, which says 5: it was forged, or the head was set back",
    later: "entry 6 does not follow the one before it",
    entries: 8,
    refused: true,
  },
  {
    what: "entries forged where no chain goes",
    statements: (aid) => [forged(aid, "0"), forged(aid, "-9223372036854775808"), forged(aid, "9223372036854775807")],
    shows: "entry -9223372036854775808 is forged",
    later: "entry -9223372036854775808 is forged",
    entries: 9,
    refused: true,
  },
  {
    what: "the head set to the end of all numbers",
    statements: (aid) => [`update audit_heads set seq = 9223372036854775807 ${ofAccount(aid)}`],
    shows: "entries after 5 are missing of 9223372036854775807",
    later: "entry 6 tells of a discrepancy: the head said 9223372036854775807 when the log ended at 5",
    entries: 7,
    refused: true,
  },
  {
    what: "the hash of the head changed",
    statements: (aid) => [`update audit_heads set hash = ${zeroes} ${ofAccount(aid)}`],
    shows: "the end of the chain is not the one recorded",
    later: "entry 6 does not follow the one before it",
    entries: 7,
    refused: true,
  },
  {
    what: "an entry with a right hash that is no entry at all",
    statements: (aid) => [
      `update audit_log set entry = 'null', hash = sha256(previous_hash || 'null') ${ofAccount(aid)} and seq = 5`,
      `update audit_heads set hash = (select hash from audit_log ${ofAccount(aid)} and seq = 5) ${ofAccount(aid)}`,
    ],
    shows: "the columns of entry 5 do not say what it says",
    later: "the columns of entry 5 do not say what it says",
    entries: 6,
    refused: true,
  },
];

describe("what was done to an account's log", async () => {
  const server = await ownServer();
  let count = 0;

  const createStore = (of: Tenant, store_id: string) =>
    server.call("POST", `/v1/accounts/${of.aid}/stores`, { ...of, body: { store_id } });

  async function accountWithFiveEntries(): Promise<Tenant> {
    count += 1;
    const tenant = await server.account(`T91${String(count).padStart(6, "0")}`);
    for (const id of ["A", "B", "C", "D"]) expect((await createStore(tenant, id)).status).toBe(201);
    return tenant;
  }

  const report = async (aid: string) => (await reportsOn(server.db)).find(({ accountId }) => accountId === aid);
  const asTenant = (aid: string, text: string) => inTenant(server.db, aid, (tx) => sql.raw(text).execute(tx));

  it.each(manipulations)("$what: refused where possible, shown, and no change fails for it", async (manipulation) => {
    const tenant = await accountWithFiveEntries();
    const { aid } = tenant;
    const statements = manipulation.statements(aid);
    for (const statement of statements) {
      await expect(asTenant(aid, statement), statement).rejects.toThrow("permission denied");
      await expect(server.db.pool.query(statement), statement).rejects.toThrow(/audit_(log|heads)/);
    }
    expect(await report(aid)).toEqual({ accountId: aid, entries: 5 });

    await behindTheTriggers(server.db, ...statements);
    expect((await report(aid))?.fault).toBe(manipulation.shows);
    expect((await createStore(tenant, "later")).status).toBe(201);
    expect((await report(aid))?.fault).toBe(manipulation.later?.replace("AID", aid));
    const { rows } = await server.db.pool.query("select entry from audit_log where account_id = $1", [aid]);
    expect(rows).toHaveLength(manipulation.entries);
    expect((await createStore(tenant, "last")).status).toBe(201);
    expect((await report(aid))?.fault === undefined).toBe(manipulation.later === undefined);
    const { status } = await server.call("GET", `/v1/accounts/${aid}/audit?limit=1&action=store.create`, tenant);
    expect(status).toBe(200);
  });

  it("an entry changed and the chain computed anew: it holds, and signed checkpoints alone show it", async () => {
    const { aid } = await accountWithFiveEntries();
    const { rows } = await server.db.pool.query("select entry from audit_log where account_id = $1 order by seq", [
      aid,
    ]);
    let previous = Buffer.alloc(32);
    const statements = rows.map(({ entry }: { entry: string }, index: number) => {
      const text = index === 1 ? entry.replace(`"actor":"client-of-${aid}"`, '"actor":"another"') : entry;
      const hash = createHash("sha256").update(previous).update(text).digest();
      const change = `update audit_log set entry = '${text}', previous_hash = '\\x${previous.toString("hex")}', hash = '\\x${hash.toString("hex")}'
        ${index === 1 ? ", actor = 'another'" : ""} ${ofAccount(aid)} and seq = ${index + 1}`;
      previous = hash;
      return change;
    });
    await behindTheTriggers(
      server.db,
      ...statements,
      `update audit_heads set hash = '\\x${previous.toString("hex")}' ${ofAccount(aid)}`,
    );
    expect(await report(aid)).toEqual({ accountId: aid, entries: 5 });
  });

  it("the account's row deleted: shown by the log that is left", async () => {
    await server.db.sql
      .insertInto("accounts")
      .values({ account_id: "T92000001", name: "x", operator_account_id: null, created_at: new Date() })
      .execute();
    expect(await report("T92000001")).toMatchObject({ fault: expect.stringContaining("there is no entry") });
    const gone = await accountWithFiveEntries();
    // No owner of the tables can lift all foreign keys at once, but an administrator of the database can.
    const administrator = new pg.Client({
      connectionString: databaseUrl(inject("postgres"), new URL(server.database.url).pathname.slice(1)),
    });
    await administrator.connect();
    await administrator.query(`begin; set local session_replication_role = replica;
      delete from accounts ${ofAccount(gone.aid)}; commit`);
    await administrator.end();
    expect(await report(gone.aid)).toMatchObject({
      fault: "the account's row is missing, although there is a log with 5 entries",
    });
    expect((await reportsOn(server.db, "T99999999"))[0]).toMatchObject({
      fault: "there is no such account, and no entry and no head of it",
    });
  });

  it("the log is appended to for the transaction's own account only, and never in its own name", async () => {
    const { aid } = await accountWithFiveEntries();
    const other = await accountWithFiveEntries();
    const append = (account: string, action: string) =>
      `select audit_append('${account}', now(), 'x', '', '', '${action}', 'x', 'x', null, '{"a": 1}')`;
    await expect(asTenant(aid, append(other.aid, "x"))).rejects.toThrow("does not act for account");
    await expect(asTenant(aid, `set local tillkeeper.account_id = '*'; ${append(other.aid, "x")}`)).rejects.toThrow(
      "does not act for account",
    );
    await expect(asTenant(aid, append(aid, "audit.discrepancy"))).rejects.toThrow("by the log itself");
    await expect(
      asTenant(aid, `select audit_write(5, '', '${aid}', now(), 'x', '', '', 'x', 'x', 'x', null, null)`),
    ).rejects.toThrow("permission denied");
    // Temporary tables and functions of the caller must not replace the log's.
    const decoys = `create temp table audit_heads (account_id text, seq bigint, hash bytea) on commit drop;
      create function pg_temp.sha256(bytea) returns bytea language sql return ${zeroes}; set local search_path = pg_temp, public`;
    await asTenant(aid, `${decoys}; ${append(aid, "by.hand")}`);
    expect(await report(aid)).toEqual({ accountId: aid, entries: 6 });
    expect(await report(other.aid)).toEqual({ accountId: other.aid, entries: 5 });
  });
});
