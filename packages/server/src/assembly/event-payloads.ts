import { eventId, eventKinds, type OperationCause } from "@tillkeeper/contract/events";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { presentClosingEvent } from "../closings/reading/event-payload.ts";
import type { ReadDeps } from "../closings/reading/read.ts";
import type { Db, Tx } from "../db/db.ts";
import { isRetryable, isUnavailable } from "../db/failures.ts";
import { inTenant } from "../db/tenants/tenant.ts";
import type { EventRow, PresentEvents } from "../events/read.ts";
import { operatorDestinationsOfStore } from "../merchants/payout-destinations/for-stores.ts";
import { presentWithTerminals } from "../merchants/stores/changes.ts";
import { findStore } from "../merchants/stores/stores.ts";
import { presentOperationEvents } from "../operations/event-payload.ts";
import type { Logger } from "../platform/log/log.ts";
import { preciseTime } from "../platform/timestamps.ts";
import { presentTerminalData } from "../terminals/record/events.ts";

interface PayloadDeps extends Pick<ReadDeps, "clock" | "presenceClock"> {
  db: Db;
  log: Logger;
}

/**
 * Makes the presenter of events. An event that cannot be presented would stop the stream and the webhooks of its account for ever,
 * and webhooks of others that are read with it: its object is left out, and the failure is logged. Rejects while the
 * database is away.
 */
export function createPresentEvents(deps: PayloadDeps): PresentEvents {
  return async (accountId, events) => {
    const objects = await objectsOf(deps, accountId, events).catch((error: unknown) => {
      if (passes(error)) throw error;
      return oneByOne(deps, accountId, events);
    });
    return events.map((row, index) => envelopeOf(row, objects[index]));
  };
}

/** Whether the same may succeed later. */
function passes(error: unknown): boolean {
  return isUnavailable(error) || isRetryable(error);
}

async function oneByOne(
  deps: PayloadDeps,
  accountId: string,
  events: readonly EventRow[],
): Promise<(object | undefined)[]> {
  const objects = [];
  for (const row of events) {
    const [object] = await objectsOf(deps, accountId, [row]).catch((error: unknown) => {
      if (passes(error)) throw error;
      const { epoch, position, type } = row;
      const event = { accountId, id: eventId({ epoch, position: Number(position) }), type };
      deps.log.error({ err: error, event }, "an event cannot be presented; its object is left out");
      return [undefined];
    });
    objects.push(object);
  }
  return objects;
}

function envelopeOf(row: EventRow, object: object | undefined): EventEnvelope {
  return {
    account_id: row.account_id,
    event: row.type,
    ...(object && { [eventKinds[row.type].object]: object }),
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

/** The rows to read for events that bring all their data: none. */
const nothingRead: { shown: object[]; others: Map<EventRow, object | undefined> } = { shown: [], others: new Map() };

async function objectsOf(
  deps: PayloadDeps,
  accountId: string,
  events: readonly EventRow[],
): Promise<(object | undefined)[]> {
  const { db } = deps;
  const isOperation = ({ type }: EventRow) => eventKinds[type].object === "terminal_operation";
  const operations = events.filter(isOperation).map(({ subject, cause, at, actor }) => {
    return { subject, cause: cause as OperationCause, at, actor };
  });
  const withoutData = events.filter((row) => row.data === null && !isOperation(row));
  const read =
    operations.length + withoutData.length === 0
      ? nothingRead
      : await inTenant(db, accountId, async (tx) => {
          const shown = await presentOperationEvents(tx, accountId, operations);
          const others = new Map<EventRow, object | undefined>();
          const shownNow = new Map<string, object | undefined>();
          for (const row of withoutData) {
            if (!shownNow.has(row.subject)) shownNow.set(row.subject, await presentNow(tx, deps, row));
            others.set(row, shownNow.get(row.subject));
          }
          return { shown, others };
        });
  const next = read.shown.values();
  const objects = [];
  for (const row of events) {
    if (isOperation(row)) objects.push(next.next().value);
    else objects.push(await presentOne(db, row, row.data ?? read.others.get(row)));
  }
  return objects;
}

/** What has no data of its own is shown as it is now. */
async function presentNow(tx: Tx, deps: PayloadDeps, row: EventRow): Promise<object | undefined> {
  const { account_id: accountId, subject } = row;
  if (eventKinds[row.type].object === "store_closing") return presentClosingEvent(tx, deps, { accountId, id: subject });
  if (eventKinds[row.type].object !== "store") return undefined;
  const store = await findStore(tx, accountId, subject);
  return store && presentWithTerminals(tx, store);
}

async function presentOne(db: Db, row: EventRow, data: object | undefined): Promise<object | undefined> {
  if (data === undefined) return undefined;
  switch (eventKinds[row.type].object) {
    case "terminal":
      return presentTerminalData(data);
    case "store": {
      // They belong to the operator's account, which the transaction of a store does not see.
      const store = { accountId: row.account_id, storeRef: row.subject };
      return { ...data, operator_payout_destinations: await operatorDestinationsOfStore(db, store) };
    }
    case "presence":
      return "at" in data ? { ...data, at: preciseTime(new Date(String(data.at))) } : data;
    default:
      return data;
  }
}
