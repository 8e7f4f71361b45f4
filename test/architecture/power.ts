import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { type Import, readImports } from "./imports.ts";

/** Tables that give access. */
const powerTables = [
  "accounts",
  "clients",
  "client_secrets",
  "client_grants",
  "terminal_credentials",
  "pairing_codes",
  "release_keys",
  "hook_secrets",
  "people",
  "account_users",
  "sign_in_links",
  "person_totp",
  "person_recovery_codes",
  "person_identities",
];
/** Functions of the database that write one of them, for the tenants' role. */
const powerFunctions = ["tillkeeper_end_totp"];
const builders = new Set(["insertInto", "updateTable", "deleteFrom", "mergeInto"]);
const statement = new RegExp(
  `\\b(?:(?:insert into|update|delete from|merge into)\\s+(${powerTables.join("|")})|select\\s+(${powerFunctions.join("|")}))\\b`,
  "gi",
);

/** The function that checks the caller's grant in the transaction. */
const check = "packages/server/src/access/auth/live-grant.ts#liveCaller";

/** Functions that only increase a counter in the account's row. */
const counters = /^next[A-Z]\w*Number$/;

interface Node {
  type: string;
  [field: string]: unknown;
}

/** A top-level declaration, with the names it mentions and the listed tables it writes. */
interface Part {
  names: Set<string>;
  writes: Set<string>;
}

interface Source {
  parts: Map<string, Part>;
  imports: Map<string, { file: string; name: string }>;
  rows: Row[];
  /** Properties of object literals, with the names in their values: the assembly passes functions in this way. */
  properties: Map<string, Set<string>>;
}

/** A route as it is written. */
interface Row extends Part {
  /** Its endpoint, for example `clients.create`. */
  id: string;
  /** What it declares: a check of the caller's live grant, or what entitles the caller in place of a grant. */
  mark: "none" | "live" | "other";
}

/**
 * Routes whose handlers reach a statement that writes one of the tables, but do not declare it. Every name that a
 * function mentions counts as called, through imports and through the ports that the assembly fills. `idle`: declared
 * routes without such a statement; they need no declaration, or the search misses something. `unchecked`: declared
 * routes whose handler never reaches the check of the live grant.
 */
export function findUnmarked(root: string): { rows: string[]; marked: string[]; idle: string[]; unchecked: string[] } {
  const sources = readSources(root);
  const ports = portsOf(sources);
  const rows: string[] = [];
  const marked: string[] = [];
  const idle: string[] = [];
  const unchecked: string[] = [];
  for (const [file, source] of sources) {
    for (const row of source.rows) {
      const { tables, seen } = reachable(sources, ports, file, row);
      if (row.mark !== "none") {
        marked.push(row.id);
        if (tables.size === 0) idle.push(row.id);
        if (row.mark === "live" && !seen.has(check)) unchecked.push(row.id);
      } else if (tables.size > 0) {
        rows.push(`${row.id} writes ${[...tables].toSorted().join(", ")} and does not say so`);
      }
    }
  }
  return { rows, marked, idle, unchecked };
}

type Sources = ReadonlyMap<string, Source>;
type Ports = ReadonlyMap<string, readonly { file: string; names: ReadonlySet<string> }[]>;

function portsOf(sources: Sources): Ports {
  const ports = new Map<string, { file: string; names: ReadonlySet<string> }[]>();
  for (const [file, { properties }] of sources) {
    if (!file.includes("/assembly/")) continue;
    for (const [name, names] of properties) ports.set(name, [...(ports.get(name) ?? []), { file, names }]);
  }
  return ports;
}

interface Reach {
  tables: Set<string>;
  /** Each as `file#name`. */
  seen: Set<string>;
}

function reachable(sources: Sources, ports: Ports, from: string, row: Row): Reach {
  const tables = new Set(row.writes);
  const seen = new Set<string>();
  const open: { file: string; names: Iterable<string> }[] = [{ file: from, names: row.names }];
  for (let at = open.pop(); at; at = open.pop()) {
    for (const name of at.names) {
      const key = `${at.file}#${name}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const found = resolve(sources, at.file, name);
      if (!found) {
        open.push(...(ports.get(name) ?? []));
        continue;
      }
      for (const table of found.part.writes) tables.add(table);
      open.push({ file: found.file, names: found.part.names });
    }
  }
  return { tables, seen };
}

function resolve(sources: Sources, file: string, name: string): { file: string; part: Part } | undefined {
  const source = sources.get(file);
  const part = source?.parts.get(name);
  if (part) return { file, part };
  const imported = source?.imports.get(name);
  return imported && resolve(sources, imported.file, imported.name);
}

function readSources(root: string): Sources {
  const imports = readImports(root).filter(({ from }) => from.startsWith("packages/server/src/"));
  const files = new Set(
    imports.flatMap(({ from, file }) => (file?.startsWith("packages/server/src/") ? [from, file] : [from])),
  );
  return new Map(
    [...files]
      .filter((file) => !file.endsWith(".test.ts") && file.endsWith(".ts"))
      .map((file) => [file, readSource(root, file, imports)]),
  );
}

function readSource(root: string, file: string, imports: readonly Import[]): Source {
  const { program } = parseSync(file, readFileSync(join(root, file), "utf8"));
  const source: Source = { parts: new Map(), imports: new Map(), rows: [], properties: new Map() };
  const target = (specifier: unknown) =>
    imports.find((entry) => entry.from === file && entry.specifier === specifier)?.file;
  for (const entry of program.body as unknown as Node[]) {
    const from = target((entry["source"] as Node | null | undefined)?.["value"]);
    if (from !== undefined) readNames(source, entry, from);
    else for (const [name, node] of declarationsOf(entry)) source.parts.set(name, partOf(node, counters.test(name)));
  }
  walk(program as unknown as Node, (node) => {
    if (isRowCall(node)) source.rows.push(rowOf(node));
    if (node.type === "Property") addProperty(source, node);
  });
  return source;
}

function readNames({ imports }: Source, entry: Node, file: string): void {
  for (const specifier of (entry["specifiers"] as Node[] | undefined) ?? []) {
    const inside = (specifier["imported"] ?? specifier["local"]) as Node;
    const outside = (entry.type === "ImportDeclaration" ? specifier["local"] : specifier["exported"]) as Node;
    imports.set(textOf(outside["name"]), { file, name: textOf(inside["name"]) });
  }
}

function declarationsOf(entry: Node): [string, Node][] {
  const declared = /^Export(Named|Default)/.test(entry.type) ? (entry["declaration"] as Node | null) : entry;
  if (!declared) return [];
  if (declared.type === "VariableDeclaration") {
    return (declared["declarations"] as Node[]).flatMap((one) => {
      const { name } = one["id"] as { name?: string };
      return name === undefined ? [] : [[name, one] as [string, Node]];
    });
  }
  const { name } = (declared["id"] ?? {}) as { name?: string };
  return name === undefined ? [] : [[name, declared]];
}

function partOf(root: Node, counts = false): Part {
  const part: Part = { names: new Set(), writes: new Set() };
  walk(root, (node) => {
    if (node.type === "Identifier") part.names.add(textOf(node["name"]));
    const written = writtenBy(node).filter((table) => !(counts && table === "accounts"));
    for (const table of written) part.writes.add(table);
  });
  return part;
}

function writtenBy(node: Node): string[] {
  if (node.type === "CallExpression") {
    const method = (node["callee"] as Node)["property"] as Node | undefined;
    const [table] = node["arguments"] as Node[];
    // An alias may follow: `clients as client`.
    const named = textOf(table?.["value"]).split(" ")[0] as string;
    return builders.has(textOf(method?.["name"])) && powerTables.includes(named) ? [named] : [];
  }
  const text = node.type === "Literal" ? node["value"] : (node["value"] as { cooked?: string } | undefined)?.cooked;
  const inText = node.type === "Literal" || node.type === "TemplateElement";
  return inText && typeof text === "string"
    ? [...text.matchAll(statement)].map(([, table, calls]) => (table ?? calls) as string)
    : [];
}

/**
 * Whether a call is `bind(clients.create, handler, { … })`. The types make sure that only public endpoints name what
 * entitles the caller.
 */
function isRowCall(node: Node): boolean {
  if (node.type !== "CallExpression" || (node["callee"] as Node)["name"] !== "bind") return false;
  return (node["arguments"] as Node[])[0]?.type === "MemberExpression";
}

function rowOf(call: Node): Row {
  const [endpoint, handler, rules] = call["arguments"] as Node[];
  const { object, property } = endpoint as unknown as { object: Node; property: Node };
  const mark = ((rules?.["properties"] as Node[] | undefined) ?? []).find((field) => keyOf(field) === "givesPower");
  const value = (mark?.["value"] as Node | undefined)?.["value"];
  return {
    ...partOf(handler as Node),
    id: `${textOf(object["name"])}.${textOf(property["name"])}`,
    mark: value === true ? "live" : typeof value === "string" ? "other" : "none",
  };
}

function addProperty({ properties }: Source, node: Node): void {
  const name = keyOf(node);
  if (name === undefined) return;
  const { names } = partOf(node["value"] as Node);
  properties.set(name, new Set([...(properties.get(name) ?? []), ...names]));
}

function keyOf(node: Node): string | undefined {
  const key = node["key"] as { name?: string; value?: string } | undefined;
  return key?.name ?? key?.value;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === "object" && child !== null && "type" in child) walk(child as Node, visit);
    }
  }
}
