import { type EventObject, eventKinds } from "@tillkeeper/contract/events";
import type { EventEnvelope } from "@tillkeeper/contract/http/event-schemas";
import { colours } from "../colours.ts";
import { coloured, printable } from "../output/cells.ts";

/** As wide as the names that come often. */
const typeWidth = 25;
/** Fields of what an event carries that say most of it, the first that is there. */
const telling = ["status", "state"] as const;

/** An event as a line for a person: when, what, of what, how it stands. */
export function lineOf(event: EventEnvelope): string {
  const { time, type, subject, cause } = event;
  const object = event[objectOf(event)] as Record<string, unknown> | undefined;
  const stands = telling.map((name) => object?.[name]).find((value) => typeof value === "string");
  const kind = object?.["operation"];
  const parts = [
    colours.dim(time.replace(/\.\d+Z$/, "Z")),
    type.padEnd(typeWidth),
    printable(event.terminal_id !== undefined && subject !== event.terminal_id ? event.terminal_id : subject),
    ...(typeof kind === "string" ? [kind] : []),
    ...(typeof stands === "string" ? [coloured(stands)] : []),
    colours.dim(printable(cause)),
  ];
  return parts.join("  ");
}

function objectOf({ type }: EventEnvelope): EventObject {
  // A newer server may have events that this program does not know.
  return (eventKinds as Partial<typeof eventKinds>)[type]?.object ?? "store";
}
