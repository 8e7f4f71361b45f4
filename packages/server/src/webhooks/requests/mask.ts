/** A mask of fields: which names stay, and of each what stays below it; empty: all of it. */
export type Mask = ReadonlyMap<string, Mask>;

/** Deep enough for every object that there is. */
const deepest = 20;
const nameForm = /^[\w$-]+$|^\*$/;

/**
 * Reads a mask: `a,b` names several fields, `a/b` a path, `a(b,c)` several of one parent, `*` any. Answers its fault, as
 * the end of a sentence, where something is.
 */
export function readMask(text: string): Mask | string {
  const reader = { text, at: 0 };
  const mask = readFields(reader, 0);
  if (typeof mask === "string") return mask;
  return reader.at === text.length ? mask : `has an unexpected \`${text[reader.at]}\` at character ${reader.at + 1}`;
}

interface Reader {
  text: string;
  at: number;
}

function readFields(reader: Reader, depth: number): Mask | string {
  if (depth > deepest) return `is nested deeper than ${deepest} levels`;
  const fields = new Map<string, Mask>();
  do {
    const wrong = readField(reader, fields, depth);
    if (wrong !== undefined) return wrong;
  } while (take(reader, ","));
  return fields;
}

function readField(reader: Reader, fields: Map<string, Mask>, depth: number): string | undefined {
  const start = reader.at;
  while (reader.at < reader.text.length && !",/()".includes(reader.text[reader.at] as string)) reader.at += 1;
  const name = reader.text.slice(start, reader.at).trim();
  if (!nameForm.test(name)) return `has no name of a field at character ${start + 1}`;
  let below: Mask | string = new Map();
  if (take(reader, "/")) {
    const one = new Map<string, Mask>();
    const wrong = depth >= deepest ? `is nested deeper than ${deepest} levels` : readField(reader, one, depth + 1);
    below = wrong ?? one;
  } else if (take(reader, "(")) {
    below = readFields(reader, depth + 1);
    if (typeof below !== "string" && !take(reader, ")")) return `has no \`)\` for the \`(\` after \`${name}\``;
  }
  if (typeof below === "string") return below;
  const known = fields.get(name);
  // Named twice, once as a whole: all of it stays.
  fields.set(
    name,
    known === undefined ? below : known.size === 0 || below.size === 0 ? new Map() : merged(known, below),
  );
  return undefined;
}

function merged(one: Mask, other: Mask): Mask {
  const all = new Map(one);
  for (const [name, below] of other) {
    const known = all.get(name);
    all.set(
      name,
      known === undefined ? below : known.size === 0 || below.size === 0 ? new Map() : merged(known, below),
    );
  }
  return all;
}

function take(reader: Reader, sign: string): boolean {
  if (reader.text[reader.at] !== sign) return false;
  reader.at += 1;
  return true;
}

/** What the mask leaves of a value. Of a list, it applies to each item. */
export function applyMask(mask: Mask, value: unknown): unknown {
  if (mask.size === 0 || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => applyMask(mask, item));
  const kept = Object.entries(value).flatMap(([name, below]) => {
    const rest = mask.get(name) ?? mask.get("*");
    return rest === undefined ? [] : [[name, applyMask(rest, below)] as const];
  });
  return Object.fromEntries(kept);
}

/** The value without the fields of these names, at whatever depth. */
export function withoutFields(names: ReadonlySet<string>, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutFields(names, item));
  const kept = Object.entries(value).filter(([name]) => !names.has(name));
  return Object.fromEntries(kept.map(([name, below]) => [name, withoutFields(names, below)]));
}
