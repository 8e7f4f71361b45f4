import { eventId } from "@tillkeeper/contract/events";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import type { Pool } from "pg";
import { type EventRow, findPlaced, type PresentEvents } from "../../events/read.ts";
import { bodyOf } from "../requests/body.ts";
import type { Claimed } from "./claim.ts";
import { keepBodies } from "./sql.ts";

/**
 * Gives deliveries without a body theirs, and keeps it. Answers the deliveries that have one; the others' events are past their
 * retention.
 */
export async function withBodies(
  pool: Pool,
  present: PresentEvents,
  claimed: readonly Claimed[],
): Promise<{ ready: (Claimed & { body: string })[]; gone: Claimed[] }> {
  const fresh = claimed.filter(({ body }) => body === null);
  const made = fresh.length === 0 ? new Map<string, string>() : await makeBodies(pool, present, fresh);
  const ready: (Claimed & { body: string })[] = [];
  const gone: Claimed[] = [];
  for (const delivery of claimed) {
    const body = delivery.body ?? made.get(delivery.id);
    if (body === undefined) gone.push(delivery);
    else ready.push({ ...delivery, body });
  }
  return { ready, gone };
}

/** Each takes a connection of the database. */
const accountsAtOnce = 4;

async function makeBodies(pool: Pool, present: PresentEvents, fresh: readonly Claimed[]): Promise<Map<string, string>> {
  const keys = fresh.map(({ account_id, position, epoch }) => {
    return { accountId: account_id, position: Number(position), epoch: epoch ?? "" };
  });
  const rows = await findPlaced(pool, keys);
  const envelopes = new Map<string, EventEnvelope>();
  const accounts = Map.groupBy(uniqueOf(rows), (row) => row.account_id).entries();
  const presentSome = async () => {
    for (const [accountId, events] of accounts) {
      for (const envelope of await present(accountId, events)) envelopes.set(`${accountId} ${envelope.id}`, envelope);
    }
  };
  await Promise.all(Array.from({ length: accountsAtOnce }, presentSome));
  const bodies = fresh.flatMap((delivery) => {
    const envelope = envelopes.get(`${delivery.account_id} ${eventIdOf(delivery)}`);
    if (!envelope) return [];
    const { id, event, fields, exclude_fields: excludeFields } = delivery;
    return [{ id, body: bodyOf(envelope, { event, deliveryId: id, fields, excludeFields }) }];
  });
  await keepBodies(pool, bodies);
  return new Map(bodies.map(({ id, body }) => [id, body]));
}

/** Several subscriptions may want one event. */
function uniqueOf(rows: readonly EventRow[]): EventRow[] {
  return [...new Map(rows.map((row) => [`${row.account_id} ${eventIdOf(row)}`, row])).values()];
}

export function eventIdOf({ epoch, position }: Pick<Claimed, "epoch" | "position">): string {
  return eventId({ epoch: epoch ?? "", position: Number(position) });
}
