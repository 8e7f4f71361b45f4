import { type EventObject, type EventType, eventKinds } from "@tillkeeper/contract/events";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { type EventBeside, eventsBeside } from "@tillkeeper/contract/http/hook-events";
import { applyMask, readMask, withoutFields } from "./mask.ts";

interface Wish {
  /** The name by which the subscription asks for the event. */
  event: string;
  deliveryId: string;
  fields: string | null;
  excludeFields: readonly string[] | null;
}

/** The body of a delivery: the envelope of its event, with its object as the subscription wants it. */
export function bodyOf(envelope: EventEnvelope, { event, deliveryId, fields, excludeFields }: Wish): string {
  const { account_id, event: type, ...rest } = envelope;
  const shown = isBeside(event) ? withCase(rest, type) : rest;
  const name: string = isBeside(event) ? caseField : eventKinds[type].object;
  const object = (shown as Record<string, unknown>)[name];
  const body = { account_id, event, event_delivery: deliveryId, ...shown, type: event };
  return JSON.stringify({ ...body, [name]: shaped(name, object, { fields, excludeFields }) });
}

const caseField = "payout_destination_case";

function isBeside(event: string): event is EventBeside {
  return event in eventsBeside;
}

/** The mask names the object, as in the body; what it says nothing of is left out. */
function shaped(
  name: string,
  object: unknown,
  { fields, excludeFields }: Pick<Wish, "fields" | "excludeFields">,
): unknown {
  const mask = fields === null ? undefined : readMask(fields);
  const kept =
    mask === undefined || typeof mask === "string"
      ? object
      : ((applyMask(mask, { [name]: object }) as Record<string, unknown>)[name] ?? {});
  return excludeFields === null ? kept : withoutFields(new Set(excludeFields), kept);
}

/** The older object of a payout destination's case, from the destination. */
function withCase(envelope: object, type: EventType): Record<string, unknown> {
  const field: EventObject = eventKinds[type].object;
  const { [field]: object, ...rest } = envelope as Record<string, unknown>;
  const destination = (object ?? {}) as Record<string, unknown>;
  const organization = destination["organization"] as { organization_number?: string } | undefined;
  const names = [
    "id",
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "deleted_at",
    "deleted_by",
    "payout_destination_id",
    "payout_destination_name",
    "payout_destination_description",
    "payout_reference",
    "case_status",
  ];
  const shown = names.flatMap((name) => (destination[name] === undefined ? [] : [[name, destination[name]] as const]));
  return {
    ...rest,
    [caseField]: {
      ...Object.fromEntries(shown),
      ...(organization?.organization_number !== undefined && { organization_number: organization.organization_number }),
    },
  };
}
