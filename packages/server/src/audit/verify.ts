import type { Db } from "../db/db.ts";
import { chainHash } from "./audit.ts";
import { type AuditRow, readChain } from "./queries.ts";

/** What reading an account's chain through has shown. */
export interface ChainReport {
  accountId: string;
  entries: number;
  /** The first place where the chain does not hold, in words; absent when it holds. */
  fault?: string;
}

const pageSize = 1_000;

/** Reads the chains of all accounts, or of one, and recomputes every hash. */
export async function verifyChains(db: Db, accountId?: string): Promise<ChainReport[]> {
  let heads = db.sql.selectFrom("audit_heads").selectAll().orderBy("account_id");
  if (accountId !== undefined) heads = heads.where("account_id", "=", accountId);
  const reports: ChainReport[] = [];
  for (const head of await heads.execute()) {
    reports.push(await verifyChain(db, { accountId: head.account_id, length: Number(head.seq), hash: head.hash }));
  }
  return reports;
}

async function verifyChain(db: Db, head: { accountId: string; length: number; hash: Buffer }): Promise<ChainReport> {
  const { accountId } = head;
  let entries = 0;
  let previous: Buffer = Buffer.alloc(32);
  for (;;) {
    const page = await readChain(db.sql, { accountId, above: entries, upTo: head.length, limit: pageSize });
    for (const row of page) {
      const fault = faultOf(row, entries + 1, previous);
      if (fault) return { accountId, entries, fault };
      entries += 1;
      previous = row.hash;
    }
    if (page.length < pageSize) break;
  }
  if (entries !== head.length)
    return { accountId, entries, fault: `entries after ${entries} are missing of ${head.length}` };
  if (!previous.equals(head.hash)) return { accountId, entries, fault: "the end of the chain is not the one recorded" };
  return { accountId, entries };
}

function faultOf(row: AuditRow, seq: number, previous: Buffer): string | undefined {
  if (Number(row.seq) !== seq) return `entry ${seq} is missing`;
  if (!row.previous_hash.equals(previous)) return `entry ${seq} does not follow the one before it`;
  if (!chainHash(previous, row.entry).equals(row.hash)) return `entry ${seq} was changed`;
  const told = JSON.parse(row.entry) as {
    seq: number;
    at: string;
    actor: string;
    action: string;
    subject: { type: string; id: string };
  };
  const repeated =
    told.seq === seq &&
    Date.parse(told.at) === row.at.getTime() &&
    told.actor === row.actor &&
    told.action === row.action &&
    told.subject.type === row.subject_type &&
    told.subject.id === row.subject_id;
  return repeated ? undefined : `the columns of entry ${seq} do not say what it says`;
}
