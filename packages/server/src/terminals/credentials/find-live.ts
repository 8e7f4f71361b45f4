import type { Selectable } from "kysely";
import { inBatchOrder } from "../../db/batch-table.ts";
import type { Db } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { ApiError } from "../../platform/errors.ts";
import { batched } from "../../platform/load/batch.ts";
import { terminalKeys } from "../terminal-keys.ts";

export type LiveCredential = Pick<
  Selectable<Tables["terminal_credentials"]>,
  "address" | "secret_sha256" | "public_key"
>;

/** Finds the credential of a terminal that may connect; rejects when the database cannot be reached. */
export type FindLiveCredential = (accountId: string, terminalId: string) => Promise<LiveCredential | undefined>;

/**
 * The credential of a live terminal, or of a deleted terminal whose last operation still has its claim
 * (docs/adr/0007-deleting-a-terminal.md).
 */
const find = `
select seen.position::int as position, credential.address, credential.secret_sha256, credential.public_key
from ${terminalKeys.numberedAs("seen")}
join terminal_credentials as credential
  on credential.account_id = seen.account_id and credential.terminal_id = seen.terminal_id
join terminals on terminals.account_id = seen.account_id and terminals.terminal_id = seen.terminal_id
where terminals.status <> 'DELETED' or (
  select claim.terminal_id from operation_claims as claim
  where claim.account_id = credential.account_id and claim.operation_id = credential.ends_with
) is not null`;

interface Asked {
  accountId: string;
  terminalId: string;
}

/** Looks up many credentials in one statement: after a network failure thousands of terminals connect per second. */
export function liveCredentials(db: Db): FindLiveCredential {
  const lookUp = batched<Asked, LiveCredential | undefined>({
    slots: 2,
    maxBatch: 512,
    maxQueue: 20_000,
    restMs: 20,
    overload: () => new ApiError("service_unavailable", "Too many terminals come at once."),
    run: async (batch) => {
      const { rows } = await db.pool.query<LiveCredential & { position: number }>({
        name: "live_credentials",
        text: find,
        values: terminalKeys.values(batch),
      });
      return inBatchOrder(batch, rows);
    },
  });
  return (accountId, terminalId) => lookUp({ accountId, terminalId });
}
