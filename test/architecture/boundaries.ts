import type { Import } from "./imports.ts";

/** Which packages a package's sources may import; see ARCHITECTURE.md. */
const packages: Record<string, readonly string[]> = {
  contract: [],
  sdk: ["contract"],
  terminal: ["contract"],
  server: ["contract"],
  cli: ["contract", "sdk", "server", "terminal"],
  stage: ["contract", "sdk", "server", "terminal"],
};

/** Tests of a package may use what its sources may not: virtual terminals and the client are test tools, too. */
const packagesForTests: Record<string, readonly string[]> = {
  ...packages,
  server: ["contract", "sdk", "stage", "terminal"],
  terminal: ["contract", "stage"],
  cli: [...(packages["cli"] ?? []), "stage"],
};

/** The server's folders and top files, lowest first: each may import what stands before it, never what stands after. */
const serverLayers = [
  ["platform"],
  ["config"],
  ["db"],
  ["files"],
  ["auth"],
  ["audit"],
  ["clients"],
  ["grants"],
  ["accounts"],
  ["organizations"],
  ["payout-destinations"],
  ["stores"],
  ["terminals"],
  ["operations"],
  ["broker-access"],
  ["presence"],
  ["configurations"],
  ["releases"],
  ["activations", "logs", "restores"],
  ["gateway"],
  ["sandbox", "health"],
  ["reference"],
  ["api-docs"],
  ["app.ts"],
  ["assembly"],
  ["main.ts"],
];

/** Outside packages that only some may use. */
const exclusive: Record<string, readonly string[]> = {
  pg: ["server"],
  kysely: ["server"],
  fastify: ["server"],
  commander: ["cli"],
};

/** So that it has no dependency, and stays small in a browser. */
const onlyTypesForClient = "sdk may import only types of the contract's http";

const place = /^packages\/([^/]+)\/(src|test)\/(.+)$/;

/** Every import that goes where it may not, as a sentence. */
export function findViolations(imports: readonly Import[]): string[] {
  return imports.flatMap((entry) => {
    const reason = reasonAgainst(entry);
    return reason ? [`${entry.from} imports ${entry.specifier}: ${reason}`] : [];
  });
}

function reasonAgainst({ from, specifier, file, typesOnly }: Import): string | undefined {
  const [, fromPackage, fromKind, fromPath] = place.exec(from) ?? [];
  if (!fromPackage || !fromKind || !fromPath) return undefined;
  const test = fromKind === "test" || fromPath.endsWith(".test.ts") || fromPackage === "stage";
  if (file === undefined) {
    if (fromPackage === "sdk" && !test) return "the client stands alone";
    const owners = exclusive[specifier];
    return owners && !test && !owners.includes(fromPackage) ? `only ${owners.join(", ")} may use it` : undefined;
  }
  const [, toPackage, toKind, toPath] = place.exec(file) ?? [];
  if (!toPackage || !toPath) return test ? undefined : "it lies outside the packages";
  if (toPackage !== fromPackage) {
    const whole = fromPackage === "sdk" && !test && (!typesOnly || !toPath.startsWith("http/"));
    return againstPackage(fromPackage, toPackage, test) ?? (whole ? onlyTypesForClient : undefined);
  }
  if (toKind === "test" && !test) return "sources may not import tests";
  return fromPackage === "server" && !test ? againstLayer(fromPath, toPath) : undefined;
}

function againstPackage(from: string, to: string, test: boolean): string | undefined {
  const allowed = (test ? packagesForTests : packages)[from] ?? [];
  return allowed.includes(to) ? undefined : `package ${from} may import ${allowed.join(", ") || "no other package"}`;
}

function againstLayer(from: string, to: string): string | undefined {
  const [fromName, toName] = [topOf(from), topOf(to)];
  if (fromName === toName) return undefined;
  const [fromLayer, toLayer] = [layerOf(fromName), layerOf(toName)];
  if (fromLayer === -1) return `${fromName} has no place in the layers`;
  if (toLayer === -1) return `${toName} has no place in the layers`;
  if (toLayer >= fromLayer) return `${fromName} lies below or beside ${toName}`;
  // A feature's SQL and routes are its own business; only the assembly may take the routes.
  if (/\/(queries\.ts|sql\/)/.test(to) && toName !== "db") return `${to} is private to ${toName}`;
  if (/\/([\w-]+-)?routes\.ts$/.test(to) && fromName !== "assembly") return `${to} is for the assembly only`;
  return undefined;
}

function topOf(path: string): string {
  return path.split("/")[0] as string;
}

function layerOf(name: string): number {
  return serverLayers.findIndex((layer) => layer.includes(name));
}
