import type { TerminalState } from "@tillkeeper/contract/terminal-status";
import type { Db } from "../../db/db.ts";
import { ApiError } from "../../platform/errors.ts";
import { gather } from "../../platform/gather.ts";

interface Origin {
  accountId: string;
  terminalId: string;
  /** By which the sender was let in, where that is known. */
  credentialId?: string | undefined;
}

/** What is known of a terminal that says hello, to see whether anything has to be done at all. */
export interface HelloOverview {
  state: TerminalState;
  /** Whether an operation of it is live. */
  live: boolean;
}

const overview = `
select seen.position::int as position, terminals.status, terminals.status_before_inactive as remembered,
  exists (
    select from operation_claims as claim
    where claim.account_id = seen.account_id and claim.terminal_id = seen.terminal_id
  ) as live
from unnest($1::text[], $2::text[], $3::uuid[]) with ordinality
  as seen (account_id, terminal_id, credential_id, position)
join terminals on terminals.account_id = seen.account_id and terminals.terminal_id = seen.terminal_id
left join terminal_credentials as credential
  on credential.account_id = seen.account_id and credential.terminal_id = seen.terminal_id
-- One that is deleted has nothing to say any more, once its last operation is over and its credential with that; nor has
-- a device that was locked out meanwhile.
where (terminals.status <> 'DELETED' or credential.credential_id is not null)
  and (seen.credential_id is null or seen.credential_id = credential.credential_id)`;

type Row = TerminalState & { position: number; live: boolean };

/**
 * Looks terminals up that say hello, many in one statement: after a broken network thousands come in a second, and hardly
 * any has something waiting for it. `undefined` for one that does not exist, or not any more, and for a sender whose credential
 * does not hold any more.
 */
export function helloOverviews(db: Db): (origin: Origin) => Promise<HelloOverview | undefined> {
  return gather<Origin, HelloOverview | undefined>({
    slots: 2,
    maxBatch: 512,
    maxQueue: 20_000,
    restMs: 20,
    overload: () => new ApiError("service_unavailable", "Too many terminals say hello."),
    run: async (batch) => {
      const { rows } = await db.pool.query<Row>({
        name: "hello_overview",
        text: overview,
        values: [
          batch.map(({ accountId }) => accountId),
          batch.map(({ terminalId }) => terminalId),
          batch.map(({ credentialId }) => credentialId ?? null),
        ],
      });
      const found: (HelloOverview | undefined)[] = batch.map(() => undefined);
      // PostgreSQL counts from 1.
      for (const { position, status, remembered, live } of rows) {
        found[position - 1] = { state: { status, remembered }, live };
      }
      return found;
    },
  });
}
