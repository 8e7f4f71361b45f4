import { sql } from "kysely";
import type { Db, Tx } from "../../db/db.ts";
import { chainHash, creationAction, discrepancyAction, migrationActor } from "./audit.ts";
import { type EntryFields, parseEntry } from "./entry-text.ts";
import { type AuditRow, readChain } from "./queries.ts";

/** Result of verifying one account's chain. */
export interface ChainReport {
  accountId: string;
  entries: number;
  /** The first place where the chain does not hold, in words; absent when it holds. */
  fault?: string;
}

interface Head {
  seq: string;
  hash: Buffer;
}

const pageSize = 1_000;

/**
 * Reads the chains of all accounts, or of one, and recomputes every hash. An account counts when it has a row, a head
 * or an entry, so a missing part of the three shows. Each account is read in one snapshot.
 */
export async function* verifyChains(db: Db, accountId?: string): AsyncGenerator<ChainReport> {
  for (const id of accountId === undefined ? await listAccounts(db) : [accountId]) {
    yield await db.sql
      .transaction()
      .setIsolationLevel("repeatable read")
      .setAccessMode("read only")
      .execute((tx) => verifyChain(tx, id));
  }
}

/** Reads `audit_log` by a skip scan over its key: `distinct` would read all of it. */
async function listAccounts(db: Db): Promise<string[]> {
  const { rows } = await sql<{ account_id: string }>`
    with recursive logged as (
      (select account_id from audit_log order by account_id limit 1)
      union all
      select (select account_id from audit_log where account_id > logged.account_id order by account_id limit 1)
      from logged where account_id is not null
    )
    select account_id from logged where account_id is not null
    union select account_id from audit_heads
    union select account_id from accounts
    order by account_id`.execute(db.sql);
  return rows.map((row) => row.account_id);
}

async function verifyChain(tx: Tx, accountId: string): Promise<ChainReport> {
  const head = await tx
    .selectFrom("audit_heads")
    .select(["seq", "hash"])
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  const chain = new Chain(accountId, head);
  let above: string | undefined;
  for (;;) {
    const page = await readChain(tx, { accountId, above, limit: pageSize });
    for (const row of page) {
      const fault = chain.follow(row);
      if (fault) return { accountId, entries: chain.entries, fault };
    }
    if (page.length < pageSize) break;
    above = page.at(-1)?.seq;
  }
  const account = await tx
    .selectFrom("accounts")
    .select("account_id")
    .where("account_id", "=", accountId)
    .executeTakeFirst();
  const fault = chain.end(account !== undefined);
  return { accountId, entries: chain.entries, ...(fault !== undefined && { fault }) };
}

/** Verifies a chain entry by entry, from its beginning. */
class Chain {
  entries = 0;
  readonly #accountId: string;
  readonly #head: Head | undefined;
  #previous: Buffer = Buffer.alloc(32);
  #created = false;
  #discrepancy: string | undefined;

  constructor(accountId: string, head: Head | undefined) {
    this.#accountId = accountId;
    this.#head = head;
  }

  /** Verifies the next entry. Returns its fault. */
  follow(row: AuditRow): string | undefined {
    const seq = this.entries + 1;
    if (this.#head && BigInt(row.seq) > BigInt(this.#head.seq) && BigInt(row.seq) > 0n) {
      return `entry ${row.seq} is above the head, which says ${this.#head.seq}: it was forged, or the head was set back`;
    }
    if (row.seq !== String(seq))
      return Number(row.seq) < seq ? `entry ${row.seq} is forged` : `entry ${seq} is missing`;
    if (!row.previous_hash.equals(this.#previous)) return `entry ${seq} does not follow the one before it`;
    if (!chainHash(this.#previous, row.entry).equals(row.hash)) return `entry ${seq} was changed`;
    const fields = parseEntry(row.entry);
    if (!fields || !matchesColumns(fields, row)) return `the columns of entry ${seq} do not say what it says`;
    this.#note(fields, seq);
    this.entries = seq;
    this.#previous = row.hash;
    return undefined;
  }

  #note({ action, actor, before, after }: EntryFields, seq: number): void {
    if (action === creationAction && (seq === 1 || actor === migrationActor)) this.#created = true;
    if (action !== discrepancyAction || this.#discrepancy !== undefined) return;
    const said = before === null ? "the head was missing" : `the head said ${seqOf(before)}`;
    this.#discrepancy = `entry ${seq} tells of a discrepancy: ${said} when the log ended at ${seqOf(after)}`;
  }

  /** Verifies the chain as a whole, after its last entry. Returns its fault. */
  end(accountExists: boolean): string | undefined {
    const { entries } = this;
    const head = this.#head;
    if (head && head.seq !== String(entries)) return `entries after ${entries} are missing of ${head.seq}`;
    if (head && !this.#previous.equals(head.hash)) return "the end of the chain is not the one recorded";
    if (!accountExists && !head && entries === 0) return "there is no such account, and no entry and no head of it";
    if (!accountExists) return `the account's row is missing, although there is a log with ${entries} entries`;
    if (entries === 0) return `there is no entry, although every account has ${creationAction}`;
    if (!head) return `the head is missing, the log ends at ${entries}`;
    if (!this.#created) return `entry 1 is not ${creationAction} of ${this.#accountId}: what was before is missing`;
    return this.#discrepancy;
  }
}

function seqOf(place: unknown): string {
  return String((place as { seq?: unknown } | null)?.seq);
}

function matchesColumns(fields: EntryFields, row: AuditRow): boolean {
  return (
    String(fields.seq) === row.seq &&
    fields.account_id === row.account_id &&
    Date.parse(fields.at) === row.at.getTime() &&
    fields.actor === row.actor &&
    fields.action === row.action &&
    fields.subject.type === row.subject_type &&
    fields.subject.id === row.subject_id
  );
}
