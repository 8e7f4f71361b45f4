import { isUuid } from "../platform/formats.ts";

/** What can be the key of an entry, which is unique among the entries of its source. */
const keys = {
  uuid: (key: string) => isUuid(key) && key === key.toLowerCase(),
  /** Of sixteen digits, so that texts are in the order of the numbers. */
  number: (key: string) => /^\d{16}$/.test(key),
  /** A closing, a terminal, and the number of the attempt. */
  attempt: (key: string) => /^[0-9a-f-]{36}:[PT]\d{8}-T\d{4,10}:\d{6}$/.test(key) && isUuid(key.slice(0, 36)),
  terminal: (key: string) => /^[PT]\d{8}-T\d{4,10}$/.test(key),
} as const;

/** Every source of entries, in the order in which entries of one instant stand, and the form of its keys. */
const sources = {
  change: "number",
  store_change: "number",
  configuration: "number",
  configuration_end: "number",
  release: "uuid",
  release_end: "uuid",
  closing: "uuid",
  attempt: "attempt",
  activation: "uuid",
  activation_end: "uuid",
  accepted: "uuid",
  cancel: "uuid",
  ended: "uuid",
  told_late: "uuid",
  log: "uuid",
  closing_cancel: "uuid",
  closing_end: "uuid",
  presence: "uuid",
  fault: "terminal",
  fault_end: "terminal",
  telemetry: "uuid",
} as const satisfies Record<string, keyof typeof keys>;
export type SourceName = keyof typeof sources;

const ranks = new Map(Object.keys(sources).map((name, rank) => [name, rank]));

/** The place of an entry: its instant in milliseconds, its source, and its key there. It tells entries of one instant apart. */
export interface Position {
  at: number;
  source: SourceName;
  key: string;
}

/** A number as the key of an entry. */
export function numberKey(number: number | string): string {
  return String(number).padStart(16, "0");
}

/** The id of the entry at a position. */
export function idOf({ at, source, key }: Position): string {
  return `${at}.${source}.${key}`;
}

/** Reads an entry's id; undefined for any other text. */
export function readId(id: string): Position | undefined {
  const [at = "", source = "", ...rest] = id.split(".");
  const key = rest.join(".");
  if (!isSource(source) || !keys[sources[source]](key)) return undefined;
  return { at: Number(at), source, key };
}

function isSource(name: string): name is SourceName {
  return Object.hasOwn(sources, name);
}

/** The order of positions, oldest first. */
export function inOrder(one: Position, other: Position): number {
  if (one.at !== other.at) return one.at - other.at;
  const rank = rankOf(one.source) - rankOf(other.source);
  if (rank !== 0) return rank;
  return one.key === other.key ? 0 : one.key < other.key ? -1 : 1;
}

export function rankOf(source: SourceName): number {
  return ranks.get(source) as number;
}
