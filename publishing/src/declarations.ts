import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { packageOf } from "./bundle.ts";
import { type PublishedPackage, parts } from "./packages.ts";

/** The parts of which the libraries consist. */
const libraryParts = ["contract", "words", "sdk", "agent", "virtual-terminals", "sandbox"];

const specifiers = /(\bfrom |\bimport\(|^import )["']([^"']+)["']/gm;

/** The declarations of all entries, in a temporary folder. `remove` deletes it. */
export interface Declarations {
  folder: string;
  remove: () => void;
}

/** Has the compiler make the declarations of all modules of the packages with `exports`. */
export function makeDeclarations(root: string, packages: readonly PublishedPackage[]): Declarations {
  const folder = mkdtempSync(join(tmpdir(), "tk-declarations-"));
  const roots = packages.flatMap(({ entries, exports }) =>
    Object.values(exports).map((entry) => join(root, entries[entry] ?? "")),
  );
  // All modules are named: one that the compiler comes upon by a link in node_modules first counts as an outside one, and which way
  // it takes first is a matter of chance.
  const modules = globSync(libraryParts.map((part) => join(root, "packages", part, "src/**/*.ts")));
  const files = [...new Set([...roots, ...modules.filter((file) => !file.endsWith(".test.ts"))])];
  const project = {
    extends: join(root, "tsconfig.json"),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: join(root, "packages"),
      outDir: join(folder, "packages"),
      typeRoots: [join(root, "node_modules/@types")],
      // Modules found in node_modules count as outside ones and get no declarations, so the parts are mapped to their sources.
      paths: Object.fromEntries(
        parts.map((part) => [`@tillkeeper/${part}/*`, [join(root, "packages", part, "src/*.ts")]]),
      ),
    },
    files,
    include: [],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { stdio: ["ignore", "inherit", "inherit"] });
  return { folder: join(folder, "packages"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Copies the declarations that a package's entries refer to into `target`: of the workspace's parts, and of `inlinedTypes`. In
 * the copies, specifiers lead to copies. Returns the path of each entry's declaration, relative to `target`.
 */
export function copyDeclarations(
  root: string,
  declarations: string,
  { entries, inlinedTypes, beside }: PublishedPackage,
  target: string,
): Record<string, string> {
  const copied = new Set<string>();
  const placeOf = (file: string) =>
    file.startsWith(declarations)
      ? relative(declarations, file).replace("/src/", "/")
      : relative(join(root, "node_modules"), file);
  const declarationOf = (from: string, specifier: string): string | undefined => {
    if (specifier.startsWith(".")) return fileOf(join(dirname(from), specifier));
    if (beside.includes(specifier)) return undefined;
    const name = packageOf(specifier);
    if (name.startsWith("@tillkeeper/")) {
      return fileOf(
        join(declarations, name.slice("@tillkeeper/".length), "src", `${specifier.slice(name.length + 1)}.ts`),
      );
    }
    return inlinedTypes.includes(name) ? typesOf(join(root, "node_modules"), specifier) : undefined;
  };
  const copy = (file: string) => {
    const place = placeOf(file);
    if (copied.has(place)) return;
    copied.add(place);
    const text = readFileSync(file, "utf8").replace(specifiers, (whole, keyword: string, specifier: string) => {
      const found = declarationOf(file, specifier);
      if (found === undefined) return whole;
      copy(found);
      const path = relative(dirname(place), placeOf(found)).replace(/\.d(\.m?)ts$/, "$1js");
      return `${keyword}"${path.startsWith(".") ? path : `./${path}`}"`;
    });
    mkdirSync(dirname(join(target, place)), { recursive: true });
    writeFileSync(join(target, place), text);
  };
  const made = Object.entries(entries).map(([name, source]) => {
    const file = fileOf(join(declarations, relative("packages", source)));
    copy(file);
    return [name, placeOf(file)];
  });
  for (const name of inlinedTypes)
    copyFileSync(licenceOf(join(root, "node_modules", name)), join(target, name, "LICENSE"));
  return Object.fromEntries(made);
}

/** The declaration for the path of a module with any extension. Throws if it does not exist. */
function fileOf(path: string): string {
  const file = path.replace(/\.(m?)[jt]s$/, ".d.$1ts");
  if (!existsSync(file)) throw new Error(`there is no declaration ${file}`);
  return file;
}

/** The path of the declaration of an outside package's main entry. */
function typesOf(modules: string, name: string): string {
  const { exports } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return fileOf(join(modules, name, exports["."].import));
}

function licenceOf(folder: string): string {
  const found = ["license", "LICENSE", "LICENSE.md"].map((name) => join(folder, name)).find(existsSync);
  if (!found) throw new Error(`${folder} has no licence`);
  return found;
}
