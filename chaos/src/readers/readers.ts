import { eventTypes, readEventId } from "@tillkeeper/contract/events";
import type { Closing } from "@tillkeeper/server/platform/closing";
import type { KeptEvent } from "../checker/history.ts";
import type { Account } from "../stage/accounts.ts";
import type { Stage } from "../stage/stage.ts";
import { Receiver } from "./receiver.ts";
import { StreamReader } from "./stream.ts";

interface ReadersOptions {
  accounts: readonly Account[];
  /** URL to which readers connect. */
  url: string;
  seed: number;
}

/** A reader of the stream of each account, from the first event on, and a receiver of its webhook, until `closing` or `stop`. */
export class Readers {
  readonly streams: readonly StreamReader[];
  readonly receiver: Receiver;
  /** By account, the position behind which all events go to the receiver. */
  readonly subscribed = new Map<string, number>();
  readonly #options: ReadersOptions;
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(options: ReadersOptions, closing: Closing) {
    const { accounts, url, seed } = options;
    this.#options = options;
    this.receiver = new Receiver(seed);
    const { signal } = this.#over;
    this.streams = accounts.map(({ accountId, token }) => new StreamReader({ url, accountId, token, signal }));
    this.#running = Promise.all(this.streams.map((stream) => stream.run()));
    closing.add(() => this.stop());
  }

  /** Subscribes the receiver to all events of each account. */
  async subscribe(database: Stage["database"], closing: Closing): Promise<void> {
    const { accounts, url } = this.#options;
    for (const { accountId, token } of accounts) {
      const target = await this.receiver.listenFor(accountId, closing);
      const answer = await fetch(`${url}/v1/accounts/${accountId}/hooks/subscriptions`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ config: { url: target }, events: eventTypes }),
      });
      if (answer.status !== 201) throw new Error(`no subscription: ${answer.status} ${await answer.text()}`);
      const { signing_secret: secret } = (await answer.json()) as { signing_secret: string };
      this.receiver.expect(accountId, secret);
    }
    const { rows } = await database.db.pool.query<{ account_id: string; position: string }>(
      "select account_id, position from event_heads",
    );
    for (const { account_id: accountId, position } of rows) this.subscribed.set(accountId, Number(position));
  }

  /** The events that are kept and have not come to the receiver. */
  async missing(database: Stage["database"]): Promise<KeptEvent[]> {
    const kept = await readKeptEvents(database);
    return this.stillMissing(
      kept.filter(({ accountId, id }) => {
        const after = this.subscribed.get(accountId) ?? Number.POSITIVE_INFINITY;
        return (readEventId(id)?.position ?? 0) > after;
      }),
    );
  }

  /** Those of the events that have not come to the receiver by now. */
  stillMissing(events: readonly KeptEvent[]): KeptEvent[] {
    return events.filter(({ accountId, id }) => !this.receiver.has(accountId, id));
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
