import type { Closing } from "@tillkeeper/server/platform/closing";
import type { KeptEvent } from "../checker/history.ts";
import type { Account } from "../stage/accounts.ts";
import type { Stage } from "../stage/stage.ts";
import { StreamReader } from "./stream.ts";

interface ReadersOptions {
  accounts: readonly Account[];
  /** URL to which readers connect. */
  url: string;
}

/** A reader of the stream of each account, from the first event on, until `closing` or `stop`. */
export class Readers {
  readonly streams: readonly StreamReader[];
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;

  constructor({ accounts, url }: ReadersOptions, closing: Closing) {
    const { signal } = this.#over;
    this.streams = accounts.map(({ accountId, token }) => new StreamReader({ url, accountId, token, signal }));
    this.#running = Promise.all(this.streams.map((stream) => stream.run()));
    closing.add(() => this.stop());
  }

  /** Whether each reader has the last event of its account, and no event is without its place. */
  async haveAll(database: Stage["database"]): Promise<boolean> {
    const { rows } = await database.db.pool.query<{ account_id: string; id: string }>(
      `select head.account_id, event.epoch || '-' || event.position as id
       from event_heads as head
       join events as event on event.account_id = head.account_id and event.position = head.position
       where not exists (select from new_events)`,
    );
    const last = new Map(rows.map((row) => [row.account_id, row.id]));
    return this.streams.every(({ accountId, lastId }) => last.get(accountId) === lastId);
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await this.#running;
  }
}

/** All events in the database, in the order of each account. */
export async function readKeptEvents(database: Stage["database"]): Promise<KeptEvent[]> {
  const { rows } = await database.db.pool.query<KeptEvent>(
    `select account_id as "accountId", epoch || '-' || position as id, type, cause, subject
     from events order by account_id, position`,
  );
  return rows;
}
