import { isSystemActor } from "./actors.ts";

/** What sentences are made with. */
export interface Words {
  /** The terminal, at the beginning of a sentence: `The terminal`, or in the timeline of a store `Terminal T12345678-T0001`. */
  Terminal: (terminalId: string) => string;
  /** The same within a sentence. */
  terminal: (terminalId: string) => string;
  /** Where something was, behind it: nothing, or in the timeline of a store ` at terminal T12345678-T0001`. */
  at: (terminalId: string) => string;
  /** Who did something, at the beginning of a sentence. */
  who: (id: string | null | undefined) => string;
  /** How a closing stands now, as a sentence; undefined for one that is not known any more. */
  closing: (id: string) => string | undefined;
}

/** Makes the words of a timeline: that of a store names its terminals. */
export function wordsOf(
  ofStore: boolean,
  names: ReadonlyMap<string, string>,
  closings: ReadonlyMap<string, string>,
): Words {
  return {
    Terminal: (id) => (ofStore ? `Terminal ${id}` : "The terminal"),
    terminal: (id) => (ofStore ? `terminal ${id}` : "the terminal"),
    at: (id) => (ofStore ? ` at terminal ${id}` : ""),
    who: (id) => nameOf(id ?? "system", names),
    closing: (id) => closings.get(id),
  };
}

function nameOf(id: string, names: ReadonlyMap<string, string>): string {
  if (id === "device") return "The device";
  if (id.startsWith("terminal:")) return "The terminal";
  if (id === "autopilot") return "The autopilot";
  if (isSystemActor(id)) return "Tillkeeper";
  const [account, client] = id.split("/");
  if (client !== undefined) return `The client ${client} of ${account}`;
  return names.get(id) ?? `The client ${id}`;
}

/** A span of time in words: `0.3 seconds`, `42 seconds`, `3 minutes`. */
export function spanInWords(ms: number): string {
  if (ms < 10_000) return plural(Math.max(0, Math.round(ms / 100) / 10), "second");
  if (ms < 120_000) return plural(Math.round(ms / 1000), "second");
  if (ms < 7_200_000) return plural(Math.round(ms / 60_000), "minute");
  return plural(Math.round(ms / 3_600_000), "hour");
}

/** How long something took: `at once`, `after 42 seconds`. */
export function afterInWords(ms: number): string {
  return ms < 100 ? "at once" : `after ${spanInWords(ms)}`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** A date, YYYY-MM-DD, in words: `29 June 2026`. */
export function dateInWords(date: string): string {
  const [year = "", month = "", day = ""] = date.split("-");
  return `${Number(day)} ${months[Number(month) - 1]} ${year}`;
}
