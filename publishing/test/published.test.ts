import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { freePort } from "@tillkeeper/stage/processes/free-port";
import { publint } from "publint";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readManifest } from "../src/manifest.ts";
import { packAll } from "../src/pack.ts";
import { publishedPackages } from "../src/packages.ts";
import { emptyFolder, root, run, runStep, start } from "./support.ts";

/** Versions of Node for the programs, beside the version that runs the tests. */
const otherNodes = ["20.20.2", "22.23.3"];
const aliasOf = (version: string) => `node-${version.split(".")[0]}`;
/** Programs without type annotations, so that they are TypeScript and JavaScript alike. */
const programs = ["close-the-day", "be-a-terminal"];
/** One that starts its sandbox itself. The package needs the Node of the program that it starts. */
const testProgram = "test-a-till";

const { folder, remove } = emptyFolder();
const tarballs = join(folder, "tarballs");
/** Apart from the packages, because npx prefers the programs that npm installs beside them. */
const nodeFolder = join(folder, "nodes");
const nodes = [
  process.execPath,
  ...otherNodes.map((version) => join(nodeFolder, "node_modules", aliasOf(version), "bin", "node")),
];
let packed: string[];

beforeAll(async () => {
  packed = await packAll(root, tarballs);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  for (const name of [...programs, testProgram]) {
    const source = join(root, "publishing/test/programs", `${name}.ts`);
    cpSync(source, join(folder, `${name}.ts`));
    cpSync(source, join(folder, `${name}.js`));
  }
  const types = `@types/node@${readManifest(root).devDependencies?.["@types/node"]}`;
  await install(folder, ...packed.filter((file) => file.endsWith(".tgz")), types);
  mkdirSync(nodeFolder);
  writeFileSync(join(nodeFolder, "package.json"), JSON.stringify({ private: true }));
  const builds = `node-${process.platform}-${process.arch}`;
  await install(nodeFolder, ...otherNodes.map((version) => `${aliasOf(version)}@npm:${builds}@${version}`));
});

afterAll(remove);

/** Installs packages without scripts: no package may need one. */
async function install(place: string, ...wanted: string[]): Promise<void> {
  await run(place, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts", ...wanted);
}

/** The paths of a package's installed files. */
function filesOf(name: string): string[] {
  const installed = join(folder, "node_modules", name);
  return readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.slice(installed.length).includes("node_modules"))
    .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
}

describe.each(publishedPackages)("$name", ({ name, exports }) => {
  it("has modules, declarations, source maps, licence and notes, and no sources or tests", () => {
    const files = filesOf(name);
    expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "CHANGELOG.md", "package.json"]));
    expect(files.filter((file) => /(?<!\.d)\.m?ts$|test(?!.*\.md$)/.test(file))).toEqual([]);
    // The starter and the bundler's own helpers are made of no source.
    const textOf = (file: string) => readFileSync(join(folder, "node_modules", name, file), "utf8");
    // Nor is a module that only passes on what others export.
    const passesOn = (file: string) => /^(?:(?:import|export)\b[^;]*;?\s*)+$/.test(textOf(file));
    const modules = files.filter(
      (file) => /^dist\/(?!tillkeeper\.js|rolldown-runtime-).+\.js$/.test(file) && !passesOn(file),
    );
    expect(files).toEqual(expect.arrayContaining(modules.map((file) => `${file}.map`)));
    for (const file of modules) {
      const { sources } = JSON.parse(textOf(`${file}.map`));
      expect(sources.filter((source: string) => !source.startsWith("../packages/"))).toEqual([]);
    }
  });

  it("is as publint and attw want it", async () => {
    const tarball = readFileSync(
      packed.find((file) => file.includes(`${name.replace("@", "").replace("/", "-")}-0`)) ?? "",
    );
    const { messages } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
    expect(messages).toEqual([]);
    if (Object.keys(exports).length === 0) return;
    const result = await checkPackage(createPackageFromTarballData(tarball));
    expect(result.types).toEqual({ kind: "included" });
    // The profile esm-only.
    const problems = "problems" in result ? result.problems : [];
    expect(problems.filter((problem) => !["node10", "node16-cjs"].includes(kindOf(problem)))).toEqual([]);
  });
});

function kindOf(problem: object): string {
  return "resolutionKind" in problem ? String(problem.resolutionKind) : "";
}

it("the bill of materials names what runs, with versions, and nothing that is for development", () => {
  const { components } = JSON.parse(readFileSync(join(tarballs, "tillkeeper.cdx.json"), "utf8"));
  const names: string[] = components.map((component: { name: string }) => component.name);
  for (const { name } of publishedPackages.filter((each) => each.bin)) {
    const { dependencies } = JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"));
    expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)));
  }
  expect(names).not.toContain("vitest");
});

it("the checksums are those of all files, and a file that was changed is found", async () => {
  const lines = await run(tarballs, "sha256sum", "--check", "--strict", "SHA256SUMS");
  const names = readdirSync(tarballs).filter((name) => name !== "SHA256SUMS");
  expect(names.length).toBe(publishedPackages.length + 1);
  expect(lines.trim().split("\n").toSorted()).toEqual(names.map((name) => `${name}: OK`).toSorted());
  const changed = join(folder, "changed");
  cpSync(tarballs, changed, { recursive: true });
  appendFileSync(join(changed, "tillkeeper.cdx.json"), " ");
  await expect(run(changed, "sha256sum", "--check", "SHA256SUMS")).rejects.toThrow("tillkeeper.cdx.json: FAILED");
});

describe("compiles a program", () => {
  it.each([
    { module: "nodenext", moduleResolution: "nodenext" },
    { module: "esnext", moduleResolution: "bundler" },
  ])("strictly, under $moduleResolution", async (options) => {
    const compilerOptions = { ...options, strict: true, noEmit: true, target: "es2024", types: ["node"] };
    const files = [...programs, testProgram].map((name) => `${name}.ts`);
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
    expect(await run(folder, join(root, "node_modules/.bin/tsc"), "-p", ".")).toBe("");
  });

  it("of a browser, that has nothing but the SDK", async () => {
    writeFileSync(join(folder, "page.ts"), page);
    const compilerOptions = {
      module: "esnext",
      moduleResolution: "bundler",
      strict: true,
      types: [],
      lib: ["es2022", "dom"],
    };
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...compilerOptions, noEmit: true }, files: ["page.ts"] }),
    );
    await run(folder, join(root, "node_modules/.bin/tsc"), "-p", ".");
    // The types are checked: a wrong program does not compile.
    writeFileSync(join(folder, "page.ts"), page.replace("end_of_day", "end_of_year"));
    await expect(run(folder, join(root, "node_modules/.bin/tsc"), "-p", ".")).rejects.toThrow("end_of_year");
  });
});

const page = `import { createClient, type Operation } from "@tillkeeper/sdk";
const client = createClient({ url: "", accountId: "", clientId: "", clientSecret: "" });
export async function close(terminal_id: string): Promise<number | undefined> {
  const { id } = await client.operations.create({ terminal_id, operation: "end_of_day" });
  const { status, result }: Operation = await client.operations.wait(id);
  return status === "COMPLETED" && result && "sale_amount" in result ? result.sale_amount : undefined;
}
`;

it("the SDK stands alone, and is at most 20 KB of a page", async () => {
  const installed = join(folder, "node_modules/@tillkeeper/sdk");
  expect(JSON.parse(readFileSync(join(installed, "package.json"), "utf8"))).not.toHaveProperty("dependencies");
  const build = await rolldown({ input: join(installed, "dist/index.js"), platform: "browser" });
  const { output } = await build.generate({ minify: true });
  await build.close();
  expect(output).toHaveLength(1);
  expect(output[0].imports).toEqual([]);
  expect(gzipSync(output[0].code).length).toBeLessThanOrEqual(20 * 1024);
});

it("a sandbox starts and shows its pages, and programs close days and are terminals, on Node 20, 22 and 24", async () => {
  const said = await start(folder, /Ctrl-C ends it\.\n/, "npx", "--no-install", "tillkeeper", "sandbox");
  const [, url] = /API +(http\S+)/.exec(said) ?? [];
  for (const path of ["", "/docs", "/docs/site/scalar.js", "/openapi.json", "/docs/errors", "/docs/guides/backup"]) {
    expect((await fetch(`${url}${path}`)).status, path).toBe(200);
  }
  const versions = [process.versions.node, ...otherNodes];
  for (const program of programs) {
    for (const [index, node] of nodes.entries()) {
      expect(await run(folder, node, `${program}.js`)).toBe(`v${versions[index]} COMPLETED\n`);
    }
  }
});

it("a test has a sandbox of its own, with a busy, a failing and a silent terminal and a moved clock", async () => {
  const said = await run(folder, process.execPath, `${testProgram}.js`);
  expect(said).toBe(`${process.version} COMPLETED FAILED FAILED TIMEOUT true\n`);
});

it("the recipe for CI runs step by step as docs/sandbox-for-tests.md has it", async () => {
  const text = readFileSync(join(root, "docs/sandbox-for-tests.md"), "utf8");
  const [, recipe = ""] = /```yaml\n(env:.*?)```/s.exec(text) ?? [];
  const own = recipe.replaceAll("8080", String(await freePort()));
  const { env, steps } = parse(own) as { env: Record<string, string>; steps: { run?: string }[] };
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, type: "module", scripts: { test: "node close-the-day.js" } }),
  );
  const said = [];
  for (const { run: line } of steps) if (line !== undefined) said.push(await runStep(folder, line, env));
  expect(said).toHaveLength(3);
  expect(said.at(-1)).toContain(`${process.version} COMPLETED\n`);
});

it("the demo goes as documented", async () => {
  expect(await run(folder, "npx", "--no-install", "tillkeeper", "demo")).toContain("Everything went as documented");
});

it("a Node that is too old is told so", async () => {
  const [, old = ""] = nodes;
  await expect(run(folder, old, "node_modules/tillkeeper/dist/tillkeeper.js", "--help")).rejects.toThrow(
    /tillkeeper needs Node 24 or newer; this is v20/,
  );
});

it("a checkout without what is for development runs, too", async () => {
  const copy = join(folder, "checkout");
  const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root });
  for (const file of files.toString().split("\0").filter(Boolean)) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(root, file), join(copy, file));
  }
  await run(copy, "npm", "ci", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund");
  expect(await run(copy, process.execPath, "packages/cli/src/main.ts", "--help")).toContain("Usage: tillkeeper");
  expect(await run(copy, process.execPath, "packages/cli/src/main.ts", "settings")).toContain("TILLKEEPER_HTTP_PORT");
});
