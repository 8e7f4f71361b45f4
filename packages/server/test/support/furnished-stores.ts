import { randomUUID } from "node:crypto";
import type { Tenant, TestServer } from "@tillkeeper/stage/servers/test-server";
import { sql } from "kysely";
import type { Db } from "../../src/db/db.ts";
import { belongings } from "../../src/db/tenants/belonging.ts";
import { newId } from "../../src/platform/ids.ts";
import type { Ids } from "./endpoints.ts";

/** A store with something of every kind, and the texts that give it away. */
export interface Furnished {
  storeRef: string;
  /** The business day of its closing. */
  day: string;
  ids: Ids;
  serials: string[];
  marks: string[];
}

let furnished = 0;

/** Makes a store with terminals, operations, a closing with a report, logs, presence and the rest. */
export async function furnishStore(server: TestServer, tenant: Tenant, name: string): Promise<Furnished> {
  const { aid } = tenant;
  furnished += 1;
  const post = async (path: string, body: unknown) => {
    const { status, body: made } = await server.call("POST", `/v1/${path}`, { ...tenant, body });
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(made)}`);
    return made;
  };
  const own = `accounts/${aid}`;
  const store = await post(`${own}/stores`, { store_id: `store-${name}`, store_name: `Shop ${name}` });
  const serials = [1, 2].map((n) => `SIMULATED-${aid}-${String(furnished * 10 + n).padStart(3, "0")}`);
  const ids = [];
  for (const device_serial_number of serials)
    ids.push((await post(`${own}/terminals`, { device_serial_number, store_id: store.store_id })).terminal_id);
  const [terminal = "", second = ""] = ids as string[];
  const paired = `W-${name}-${randomUUID()}`;
  const later = await post(`${own}/terminals`, { device_serial_number: paired, store_id: store.store_id });
  const code = await post(`${own}/terminals/${later.terminal_id}/pairing-codes`, { reference: `job ${name}` });
  const replaced = `W-${name}-${randomUUID()}`;
  await post(`${own}/terminals/${later.terminal_id}/device`, { device_serial_number: replaced });
  const operation = await post("admin/terminals/operations", {
    terminal_id: terminal,
    operation: "open_menu",
    timeout: 600,
  });
  const closing = await post(`${own}/stores/${store.store_id}/closings`, { terminals: [second] });
  const configuration = await post(`${own}/configurations`, { store_id: store.store_id, content: { of: name } });
  const log = randomUUID();
  await insertRows(server, {
    aid,
    name: `Shop ${name}`,
    storeRef: store.id,
    terminal,
    closing,
    closed: second,
    operation: operation.id,
    log,
    serial: serials[0] ?? "",
  });
  const all = [store.id, store.store_id, ...ids, later.terminal_id, operation.id, closing.id, log, code.id];
  return {
    storeRef: store.id,
    day: closing.business_day,
    serials: [...serials, paired, replaced],
    ids: {
      store_id: store.store_id,
      terminal_id: terminal,
      operation_id: operation.id,
      closing_id: closing.id,
      log_id: log,
      version: String(configuration.version),
    },
    marks: [...all, `Shop ${name}`, ...serials, paired, replaced].filter((mark) => mark !== undefined),
  };
}

interface Made {
  aid: string;
  storeRef: string;
  terminal: string;
  /** The terminal that its closing names. */
  closed: string;
  name: string;
  closing: { id: string; business_day: string };
  operation: string;
  log: string;
  serial: string;
}

/** Rows as devices and workers leave them. */
async function insertRows({ db, clock }: TestServer, made: Made): Promise<void> {
  const { aid: account_id, terminal: terminal_id, storeRef: store_ref } = made;
  const at = clock.now();
  const row = { account_id, terminal_id };
  await db.sql
    .insertInto("terminal_logs")
    .values({
      ...row,
      id: made.log,
      operation_id: made.operation,
      device_serial_number: made.serial,
      state: "stored",
      received_sha256: Buffer.alloc(32),
      name: `logs/${made.log}.gz`,
      size: 1,
      unpacked_size: 1,
      sha256: "0".repeat(64),
      masked_count: 0,
      created_at: at,
    })
    .execute();
  await db.sql
    .insertInto("presence_changes")
    .values({ ...row, id: newId(at), at, status: "late", reason: "silent" })
    .execute();
  const printer = { field: "printer", value: JSON.stringify("paper_out"), at } as const;
  await db.sql
    .insertInto("telemetry_history")
    .values({ ...row, ...printer, id: newId(at) })
    .execute();
  await db.sql
    .insertInto("terminal_telemetry")
    .values({ ...row, ...printer, since: at })
    .execute();
  await db.sql
    .insertInto("closing_reports")
    .values({
      account_id,
      store_ref,
      number: 1,
      closing_id: made.closing.id,
      business_day: made.closing.business_day,
      corrects: null,
      made_at: at,
      body: JSON.stringify({ closing: made.closing, store_name: made.name, country: "NO", batches: [] }),
      sha256: "0".repeat(64),
      changes: "[]",
    })
    .execute();
  await insertRest(db, made, at);
  const day = { account_id, store_ref, business_day: made.closing.business_day };
  await db.sql
    .insertInto("mail_days")
    .values({ ...day, noticed_at: at, look_at: new Date("2100-01-01") })
    .execute();
}

/** Rows that take longer to come about than a test has, each due after the test. */
async function insertRest(db: Db, made: Made, at: Date): Promise<void> {
  const { aid: account_id, terminal: terminal_id, storeRef: store_ref, closing } = made;
  const row = { account_id, terminal_id };
  const never = new Date("2100-01-01");
  const by = { created_at: at, created_by: "test", updated_at: at, updated_by: "test" };
  const activation = {
    id: newId(at),
    store_id: made.name,
    status: "SUCCEEDED",
    attempt: 1,
    look_at: never,
    ask_at: never,
  } as const;
  await db.sql
    .insertInto("activations")
    .values({ ...row, ...by, ...activation })
    .execute();
  await db.sql.insertInto("closing_report_numbers").values({ account_id, store_ref, last_number: 1 }).execute();
  await db.sql
    .insertInto("closing_attempts")
    .values({
      account_id,
      closing_id: closing.id,
      terminal_id: made.closed,
      n: 99,
      at,
      asked_by: "test",
      when_busy: null,
      expected_close: null,
      operation_id: null,
      refused: null,
    })
    .execute();
  // Else the server would go on with the closing after some seconds, and change rows of the store by itself.
  await db.sql
    .updateTable("closings")
    .set({ look_at: never })
    .where("account_id", "=", account_id)
    .where("id", "=", closing.id)
    .execute();
  await db.sql
    .insertInto("mail_messages")
    .values({
      account_id,
      id: newId(at),
      store_ref,
      business_day: closing.business_day,
      address: "drift@kiosk.example",
      language: "en",
      due_at: never,
      created_at: at,
    })
    .execute();
  await sql`
    insert into terminal_presence (account_id, terminal_id, session, status, since, connected_at, last_heard_at)
    values (${account_id}, ${terminal_id}, ${randomUUID()}, 'offline', ${at}, ${at}, ${at})`.execute(db.sql);
  const probe = { probe_id: randomUUID(), created_at: at, sent_at: at, answered_at: at };
  await db.sql
    .insertInto("terminal_probes")
    .values({ ...row, ...probe })
    .execute();
  const stay = { id: newId(at), store_ref, used_from: at, used_until: at };
  await db.sql
    .insertInto("terminal_stores")
    .values({ ...row, ...stay })
    .execute();
  await db.sql
    .insertInto("virtual_terminal_controls")
    .values({ ...row, controls: "{}", until: null })
    .execute();
  const action = { id: newId(at), kind: "purchase", amount: 1, tip: 0, happened_at: at, done: true } as const;
  await db.sql
    .insertInto("virtual_terminal_actions")
    .values({ ...row, ...action })
    .execute();
}

/** The texts of a store that stand in another text. */
export function marksIn(text: string, { marks }: Furnished): string[] {
  // The searched text is in lower case. An id may begin like another one. Marks are letters, digits, hyphens and spaces.
  return marks.filter((mark) => new RegExp(`(?<![\\w-])${mark}(?![\\w-])`, "i").test(text));
}

/** Columns that workers change by themselves, without a request. */
const ofWorkers = new Set([
  "look_at",
  "due_at",
  "attempts",
  "report_at",
  "ask_at",
  "told",
  "version",
  "leased_until",
  "lease",
  "server_id",
]);

/** All rows of an account that name something of a store, by table. */
export async function rowsOf(db: Db, aid: string, store: Furnished): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for (const table of Object.keys(belongings)) {
    // Entries of the log, events and workers' rows come by themselves.
    if (["events", "new_events", "virtual_terminal_leases"].includes(table)) continue;
    const { rows } = await sql<{ row: Record<string, unknown> }>`
      select to_jsonb(one) as row from ${sql.table(table)} as one where account_id = ${aid}`.execute(db.sql);
    const named = rows
      .map(({ row }) => JSON.stringify(Object.entries(row).filter(([column]) => !ofWorkers.has(column))))
      .filter((text) => marksIn(text, store).length > 0);
    found[table] = named.toSorted();
  }
  return found;
}
