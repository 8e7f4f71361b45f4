import { eventId, eventKinds, type OperationCause } from "@tillkeeper/contract/events";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { EventRow } from "../events/read.ts";
import { operatorDestinationsOfStore } from "../merchants/payout-destinations/for-stores.ts";
import { presentWithTerminals } from "../merchants/stores/changes.ts";
import { findStore } from "../merchants/stores/stores.ts";
import { presentOperationEvents } from "../operations/event-payload.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { presentTerminalData } from "../terminals/record/events.ts";

/** Presents events of one account, in their order. */
export type PresentEvents = (accountId: string, events: readonly EventRow[]) => Promise<EventEnvelope[]>;

export function createPresentEvents(db: Db): PresentEvents {
  return async (accountId, events) => {
    const objects = await objectsOf(db, accountId, events);
    return events.map((row, index) => envelopeOf(row, objects[index] ?? {}));
  };
}

function envelopeOf(row: EventRow, object: object): EventEnvelope {
  return {
    account_id: row.account_id,
    event: row.type,
    [eventKinds[row.type].object]: object,
    id: eventId({ epoch: row.epoch, position: Number(row.position) }),
    specversion: "1.0",
    source: `/v1/accounts/${row.account_id}`,
    type: row.type,
    subject: row.subject,
    time: preciseTime(row.at),
    cause: row.cause,
    ...(row.store_ref !== null && { store_id: row.store_ref }),
    ...(row.terminal_id !== null && { terminal_id: row.terminal_id }),
    actor: row.actor,
    ...(row.request_id !== null && { request_id: row.request_id }),
  };
}

async function objectsOf(db: Db, accountId: string, events: readonly EventRow[]): Promise<(object | undefined)[]> {
  const isOperation = ({ type }: EventRow) => eventKinds[type].object === "terminal_operation";
  const operations = events.filter(isOperation).map(({ subject, cause, at, actor }) => {
    return { subject, cause: cause as OperationCause, at, actor };
  });
  const withoutData = events.filter((row) => row.data === null && !isOperation(row));
  const read = await inTenant(db, accountId, async (tx) => {
    const shown = await presentOperationEvents(tx, accountId, operations);
    const others = new Map<EventRow, object | undefined>();
    for (const row of withoutData) others.set(row, await presentNow(tx, row));
    return { shown, others };
  });
  const next = read.shown.values();
  const objects = [];
  for (const row of events) {
    if (isOperation(row)) objects.push(next.next().value ?? { id: row.subject, terminal_id: row.terminal_id });
    else objects.push(await presentOne(db, row, row.data ?? read.others.get(row)));
  }
  return objects;
}

/** What has no data of its own is shown as it is now. */
async function presentNow(tx: Tx, row: EventRow): Promise<object | undefined> {
  if (eventKinds[row.type].object !== "store") return undefined;
  const store = await findStore(tx, row.account_id, row.subject);
  return store && presentWithTerminals(tx, store);
}

async function presentOne(db: Db, row: EventRow, data: object | undefined): Promise<object> {
  if (data === undefined) return { id: row.subject };
  switch (eventKinds[row.type].object) {
    case "terminal":
      return presentTerminalData(data);
    case "store": {
      // They belong to the operator's account, which the transaction of a store does not see.
      const store = { accountId: row.account_id, storeRef: row.subject };
      return { ...data, operator_payout_destinations: await operatorDestinationsOfStore(db, store) };
    }
    default:
      return data;
  }
}
