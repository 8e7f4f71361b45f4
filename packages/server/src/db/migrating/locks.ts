/** The locks of tables that a migration takes and that conflict with statements of running servers, weakest first. */
export const modes = ["share", "share row exclusive", "access exclusive"] as const;
export type LockMode = (typeof modes)[number];

const name = String.raw`"?(?<table>[a-z_]\w*)"?`;
const optional = String.raw`(?:if (?:not )?exists )?(?:only )?`;

/** Statements that lock a table, and how. A pattern sees text in lower case whose white space is single spaces. */
const patterns: readonly [RegExp, LockMode][] = [
  [new RegExp(`\\balter table ${optional}${name}`, "g"), "access exclusive"],
  [new RegExp(`\\bdrop table ${optional}${name}`, "g"), "access exclusive"],
  [new RegExp(`\\btruncate (?:table )?${optional}${name}`, "g"), "access exclusive"],
  [new RegExp(`\\b(?:create|drop|alter) policy ${optional}\\w+ on ${name}`, "g"), "access exclusive"],
  [new RegExp(`\\bdrop trigger ${optional}\\w+ on ${name}`, "g"), "access exclusive"],
  [new RegExp(`\\bcreate (?:or replace )?(?:constraint )?trigger [^;]*? on ${name}`, "g"), "share row exclusive"],
  [new RegExp(`\\breferences ${name}`, "g"), "share row exclusive"],
  [new RegExp(`\\bcreate (?:unique )?index ${optional}(?:\\w+ )?on ${optional}${name}`, "g"), "share"],
];

const writes = new RegExp(`\\b(?:update|delete from|insert into) ${optional}${name}`, "g");

/** Indexes that a migration drops: each locks its table. */
export function droppedIndexes(text: string): string[] {
  return namesIn(/\bdrop index (?:if exists )?"?(?<table>[a-z_]\w*)"?/g, plain(text));
}

/** The tables that a migration locks, by what its statements say, and the strongest lock of each. */
export function locksOf(text: string): Map<string, LockMode> {
  const statements = plain(text);
  const locks = new Map<string, LockMode>();
  for (const [pattern, mode] of patterns) {
    for (const table of namesIn(pattern, statements)) locks.set(table, stronger(locks.get(table), mode));
  }
  return locks;
}

/** The tables whose rows a migration writes itself: that takes the longer, the more rows they have. */
export function writtenTables(text: string): string[] {
  return namesIn(writes, plain(text));
}

function stronger(one: LockMode | undefined, other: LockMode): LockMode {
  return one !== undefined && modes.indexOf(one) > modes.indexOf(other) ? one : other;
}

function namesIn(pattern: RegExp, statements: string): string[] {
  return [...new Set([...statements.matchAll(pattern)].flatMap(({ groups }) => groups?.["table"] ?? []))];
}

/** The statements without comments, bodies of functions and texts. Blocks that run at once (`do`) are kept. */
function plain(text: string): string {
  return text
    .replaceAll(/--[^\n]*/g, " ")
    .replaceAll(/\bas \$(\w*)\$[\s\S]*?\$\1\$/gi, " ")
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .replaceAll(/\s+/g, " ")
    .toLowerCase();
}
