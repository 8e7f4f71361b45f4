import type { Import } from "./imports.ts";

/** Which of the workspace's packages a package's sources may import; see ARCHITECTURE.md. */
const packages: Record<string, readonly string[]> = {
  contract: [],
  words: ["contract"],
  sdk: ["contract"],
  agent: ["contract"],
  "virtual-terminals": ["contract", "agent"],
  server: ["contract", "words"],
  cli: ["contract", "sdk", "agent", "virtual-terminals", "server"],
  // It starts the program of `cli` by its file, and imports nothing of it.
  sandbox: ["contract", "sdk"],
  // Of the contract only types, except what is a plain table: see `console.test.ts` of its sizes.
  console: ["contract", "words", "sdk"],
  // Programs for development: they may use everything that is published, and no package may use them.
  stage: ["contract", "sdk", "agent", "virtual-terminals", "server"],
  // With the sessions of the console's browser tests.
  bench: ["contract", "agent", "server", "stage", "console"],
  chaos: ["contract", "sdk", "agent", "server", "stage"],
  hostile: ["contract", "agent", "stage"],
  year: ["sdk", "agent", "server", "stage"],
  model: ["contract"],
  // Packed beside the programs: the guides and the pages' files.
  publishing: ["server"],
};

const testTools = ["contract", "words", "sdk", "agent", "virtual-terminals", "stage"];

/** Packages that a package's tests may import: virtual terminals and the client are test tools, too. */
const packagesForTests: Record<string, readonly string[]> = {
  ...packages,
  agent: testTools,
  "virtual-terminals": testTools,
  server: testTools,
  // The recipes for sandboxes run here, because the program that they start is here.
  cli: [...testTools, "server", "sandbox"],
  // Its pages are tried in a sandbox.
  console: [...testTools, "server", "sandbox"],
  publishing: ["server", "stage"],
};

/** The server's rooms, lowest first: each may import from the rooms before it, never from those after or beside it. */
const serverLayers = [
  ["platform"],
  ["config"],
  ["db"],
  ["files"],
  ["events"],
  ["access/auth"],
  ["access/audit"],
  ["access/clients"],
  ["access/grants"],
  ["access/accounts"],
  ["access/people"],
  ["merchants/organizations"],
  ["merchants/payout-destinations"],
  ["merchants/stores"],
  ["terminals"],
  ["operations"],
  ["presence"],
  ["rollout/configurations"],
  ["rollout/releases"],
  ["rollout/activations"],
  ["enrolment", "logs", "restores"],
  ["closings"],
  ["reports"],
  ["mail"],
  ["gateway"],
  ["stream", "timeline", "webhooks"],
  ["virtual-terminals"],
  ["sandbox", "health", "watching"],
  ["api-docs"],
  ["console"],
  ["assembly"],
  ["main.ts"],
];

/** Wings are corridors: their rooms are layers of their own. */
const wings: ReadonlySet<string> = new Set(["access", "merchants", "rollout"]);

/** Outside packages that only some packages may use. */
const exclusive: Record<string, readonly string[]> = {
  pg: ["server", "stage", "bench", "chaos", "year"],
  kysely: ["server", "stage", "bench"],
  fastify: ["server"],
  nodemailer: ["server"],
  "prom-client": ["server"],
  commander: ["cli"],
};

/** Development programs that look behind a wall, each with its reason. */
const passes: readonly { from: RegExp; to: RegExp; reason: string }[] = [
  {
    from: /^bench\/src\//,
    to: /^packages\/server\/src\/.*\/sql\//,
    reason: "a benchmark measures a single statement",
  },
];

/** The client must have no dependency, and stay small in a browser. */
const entryForNode = "node.ts";
const onlyTypesForClient = "sdk may import only types of the contract's http";

/** Programs that are tried where the packages are installed: they import what is published, not what is here. */
const outsidePrograms = "publishing/test/programs/";

const place = /^(?:packages\/)?(?<pack>[^/]+)\/(?<kind>src|test)\/(?<path>.+)$/;

/** Every forbidden import, as a sentence. */
export function findViolations(imports: readonly Import[]): string[] {
  return imports.flatMap((entry) => {
    const reason = reasonAgainst(entry);
    return reason ? [`${entry.from} imports ${entry.specifier}: ${reason}`] : [];
  });
}

/** The room of a file below the server's `src`: `access/auth`, `operations`, `main.ts`. */
export function roomOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  return wings.has(first) ? `${first}/${second}` : first;
}

interface Place {
  pack: string;
  kind: string;
  path: string;
}

function placeOf(file: string): Place | undefined {
  const found = place.exec(file)?.groups as Place | undefined;
  return found && packages[found.pack] ? found : undefined;
}

function reasonAgainst({ from: importing, specifier, file, typesOnly }: Import): string | undefined {
  const from = placeOf(importing);
  if (!from || importing.startsWith(outsidePrograms)) return undefined;
  const test = from.kind === "test" || from.path.endsWith(".test.ts");
  if (file === undefined) {
    if (from.pack === "sdk" && !test && !(from.path === entryForNode && specifier.startsWith("node:"))) {
      return "the client stands alone";
    }
    const owners = exclusive[specifier];
    return owners && !test && !owners.includes(from.pack) ? `only ${owners.join(", ")} may use it` : undefined;
  }
  const to = placeOf(file);
  if (!to) return test ? undefined : "it lies outside the packages";
  if (passes.some((pass) => pass.from.test(importing) && pass.to.test(file))) return undefined;
  if (to.pack !== from.pack) return againstPackage(from, to, { test, typesOnly });
  if (to.kind === "test" && !test) return "sources may not import tests";
  return from.pack === "server" && !test ? againstLayer(from.path, to.path) : undefined;
}

function againstPackage(
  from: Place,
  to: Place,
  { test, typesOnly }: { test: boolean; typesOnly: boolean },
): string | undefined {
  const allowed = (test ? packagesForTests : packages)[from.pack] ?? [];
  if (!allowed.includes(to.pack)) return `package ${from.pack} may import ${allowed.join(", ") || "no other package"}`;
  if (from.pack === "sdk" && !test && (!typesOnly || !to.path.startsWith("http/"))) return onlyTypesForClient;
  return to.pack === "server" && !test ? againstPrivate(to.path) : undefined;
}

function againstLayer(from: string, to: string): string | undefined {
  const [fromRoom, toRoom] = [roomOf(from), roomOf(to)];
  if (fromRoom === toRoom) return undefined;
  const [fromLayer, toLayer] = [layerOf(fromRoom), layerOf(toRoom)];
  if (fromLayer === -1) return `${fromRoom} has no place in the layers`;
  if (toLayer === -1) return `${toRoom} has no place in the layers`;
  if (toLayer >= fromLayer) return `${fromRoom} lies below or beside ${toRoom}`;
  if (/\/([\w-]+-)?routes\.ts$/.test(to) && fromRoom !== "assembly") return `${to} is for the assembly only`;
  return againstPrivate(to);
}

/** A room's SQL is its own business. */
function againstPrivate(to: string): string | undefined {
  const room = roomOf(to);
  return /\/(queries\.ts|sql\/)/.test(to) && room !== "db" ? `${to} is private to ${room}` : undefined;
}

function layerOf(room: string): number {
  return serverLayers.findIndex((layer) => layer.includes(room));
}
