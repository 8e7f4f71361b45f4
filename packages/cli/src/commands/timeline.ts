import type { ClosingPreview } from "@tillkeeper/contract/http/closing-schemas";
import type { Terminal } from "@tillkeeper/contract/http/terminals";
import type { Timeline, TimelineEntry } from "@tillkeeper/contract/http/timeline";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { colours } from "../colours.ts";
import { type Connection, connect } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { UsageError } from "../failure.ts";
import { latestAt, localParts } from "../local-time.ts";
import { printable } from "../output/cells.ts";
import { outputWidth, say, wrapped } from "../output/screen.ts";
import { showJson } from "../output/show.ts";

export interface TimelineFlags extends ConnectionFlags {
  at?: string;
  limit: number;
  json?: true;
}

const terminalForm = /^[PT]\d{8}-T\d{4,}$/;

/** Prints what happened, the oldest first, in the time of the store. */
export async function timelineAction(id: string, { at, limit, json, ...flags }: TimelineFlags): Promise<void> {
  const connection = connect(flags);
  const isTerminal = terminalForm.test(id);
  const place = await placeOf(connection, id, isTerminal);
  const query = { limit, ...(at !== undefined && { around: around(at, place) }) };
  const path = `/v1/accounts/:aid/${isTerminal ? "terminals" : "stores"}/${encodeURIComponent(id)}/timeline`;
  const timeline = await connection.call<Timeline>({ method: "GET", path, query });
  if (json) return showJson(timeline);
  if (timeline.around) say(timeline.around.text);
  if (timeline.entries.length === 0) return say("Nothing is known of that time.");
  print(timeline.entries.toReversed(), place?.time_zone ?? "UTC", isTerminal);
}

/** Where the store is in its time. Undefined where the terminal has no store any more, or the client may not see it. */
async function placeOf(connection: Connection, id: string, isTerminal: boolean): Promise<ClosingPreview | undefined> {
  const accounts = "/v1/accounts/:aid";
  const of = (part: string, name: string) => ({
    method: "GET",
    path: `${accounts}/${part}/${encodeURIComponent(name)}`,
  });
  const terminal = isTerminal ? await connection.call<Terminal>(of("terminals", id)) : undefined;
  const store = of("stores", terminal?.store_id ?? id);
  try {
    return await connection.call<ClosingPreview>({ ...store, path: `${store.path}/closings/preview` });
  } catch (error) {
    if (error instanceof StartupError && isTerminal) return undefined;
    throw error;
  }
}

/** A time of day is the last one that there was at the store; a date with a time is the store's, unless it names an offset. */
function around(at: string, place: ClosingPreview | undefined): string {
  const text = at.replace(" ", "T");
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text)) return text;
  const time = /^(?:[01]?\d|2[0-3]):[0-5]\d$/.test(text) ? text.padStart(5, "0") : undefined;
  if (time === undefined) throw new UsageError(`error: "${at}" is no time: 23:31, or 2026-06-29T23:31`);
  const now = place ? new Date(place.at) : new Date();
  return latestAt(time, now, place?.time_zone ?? "UTC");
}

function print(entries: readonly TimelineEntry[], zone: string, ofOne: boolean): void {
  const width = outputWidth();
  let day = "";
  for (const { at, text, terminal_id: terminal } of entries) {
    const { date, time } = localParts(new Date(at), zone);
    if (date !== day) console.log(colours.bold(`${date} (${zone})`));
    day = date;
    // Most sentences about a store's terminal name it.
    const of = ofOne || terminal === undefined || text.includes(terminal) ? "" : `${terminal}: `;
    const indent = " ".repeat(time.length + 2);
    const [first = "", ...rest] = wrapped(`${of}${printable(text)}`, Math.max((width ?? 1_000) - indent.length, 20));
    console.log(`${colours.dim(time)}  ${first}`);
    for (const line of rest) console.log(`${indent}${line}`);
  }
}
