/** A statement that changes a table, as it stands in a source. */
interface Write {
  verb: "insert" | "update" | "delete";
  table: string;
  /** What an update assigns. */
  assigned: string;
  /** Whether it may assign more than can be read there. */
  open: boolean;
}

/** A write that few files may have. */
interface Wall {
  what: string;
  is: (write: Write) => boolean;
  /** Below the server's sources. */
  files: readonly string[];
}

/**
 * The changes that are events: of an operation's end, of a terminal's status, of its presence. Each is written in one file, so
 * that what has to happen with all of them stands there, too.
 */
const walls: readonly Wall[] = [
  {
    what: "ends an operation",
    is: updates("operations", /status|result|reason|answered_at/),
    files: ["operations/sql/end.ts"],
  },
  {
    what: "stores an operation",
    is: ({ verb, table }) => verb === "insert" && table === "operations",
    // Where it begins, and where one comes back that the database has lost.
    files: ["operations/sql/accept.ts", "operations/sql/end.ts"],
  },
  {
    what: "gives back what an operation occupies",
    is: updates("operation_claims", /terminal_id|deadline/),
    files: ["operations/sql/end.ts"],
  },
  {
    what: "removes a claim",
    is: ({ verb, table }) => verb === "delete" && table === "operation_claims",
    // Those of live operations in the first, those that hold nothing but a key in the second.
    files: ["operations/sql/end.ts", "operations/sql/forget-keys.ts"],
  },
  {
    what: "changes a terminal's status",
    is: updates("terminals", /status/),
    files: ["terminals/record/life-cycle.ts"],
  },
  {
    what: "registers a terminal",
    is: ({ verb, table }) => verb === "insert" && table === "terminals",
    files: ["terminals/record/write.ts"],
  },
  {
    what: "notes a change of presence",
    is: ({ verb, table }) => verb === "insert" && table === "presence_changes",
    files: ["presence/record/history.ts"],
  },
];

function updates(of: string, columns: RegExp): (write: Write) => boolean {
  return ({ verb, table, assigned, open }) => verb === "update" && table === of && (open || columns.test(assigned));
}

const tables = "operations|operation_claims|terminals|presence_changes";
const inSql = new RegExp(`\\b(insert\\s+into|update|delete\\s+from)\\s+(?:only\\s+)?(${tables})\\b`, "gi");
const inKysely = new RegExp(`\\.(insertInto|updateTable|deleteFrom)\\(\\s*"(${tables})`, "g");

/** Sources by their path below the server's. */
export type Sources = ReadonlyMap<string, string>;

/** Every write that stands where it may not, as a sentence, and every file that is named above for nothing. */
export function findStrayWrites(sources: Sources): string[] {
  const found = [...sources].flatMap(([file, source]) => writesOf(source).map((write) => ({ file, write })));
  return walls.flatMap(({ what, is, files }) => {
    const writing = new Set(found.filter(({ write }) => is(write)).map(({ file }) => file));
    const strays = [...writing].filter((file) => !files.includes(file)).map((file) => `${file} ${what}`);
    return [...strays, ...files.filter((file) => !writing.has(file)).map((file) => `${file} no longer ${what}`)];
  });
}

function writesOf(source: string): Write[] {
  const code = source.replaceAll(/^\s*(?:\/\/|\/?\*|--).*$/gm, "");
  const raw = [...code.matchAll(inSql)].map((match) => {
    const assigned = assignedInSql(restOf(code, match));
    return toWrite(match, assigned, /(?:^|,)\s*\$\{/.test(assigned));
  });
  const built = [...code.matchAll(inKysely)].map((match) => {
    const assigned = assignedInKysely(restOf(code, match));
    return toWrite(match, assigned, /^\w+$|\.\.\./.test(assigned));
  });
  return [...raw, ...built];
}

function toWrite([, verb = "", table = ""]: RegExpExecArray, assigned: string, open: boolean): Write {
  return { verb: verb.slice(0, 6).toLowerCase() as Write["verb"], table: table.toLowerCase(), assigned, open };
}

/** What stands behind the name of the table. */
function restOf(code: string, { index, 0: { length } }: RegExpExecArray): string {
  return code.slice(index + length);
}

function assignedInSql(rest: string): string {
  return rest
    .replace(/^.*?\bset\b/is, "")
    .split(/\b(?:from|where|returning)\b|`/i)[0]!
    .trim();
}

/** The argument of `set`. */
function assignedInKysely(rest: string): string {
  return /^"?\)\s*\.set\(([\s\S]*?)\)\s*(?:\.(?:where|returning|execute)|;)/.exec(rest)?.[1]?.trim() ?? "";
}
