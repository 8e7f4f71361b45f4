import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

/**
 * An import of the project: the importing file and the specifier, both relative to the root. Outside packages keep
 * their name.
 */
export interface Import {
  from: string;
  specifier: string;
  /** The imported file, for relative imports and workspace packages. */
  file: string | undefined;
  /** The import is erased when the program runs: `import type`, `export type`. */
  typesOnly: boolean;
}

const workspace = /^@tillkeeper\/([^/]+)(?:\/(.+))?$/;

/** Every import, re-export and dynamic import with a fixed name below `root`, as the parser finds them. */
export function readImports(root: string): Import[] {
  return sourceFiles(root).flatMap((path) => {
    const from = relative(root, path);
    return specifiersOf(path).map((entry) => ({ from, ...entry, file: target(root, path, entry.specifier) }));
  });
}

export function sourceFiles(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(node_modules|dist|data|fixtures)\//.test(path.slice(root.length)));
}

function specifiersOf(path: string): Pick<Import, "specifier" | "typesOnly">[] {
  const text = readFileSync(path, "utf8");
  const { module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  // An import in which only the names are marked as types still runs.
  const typesOnly = (start: number) => /^(im|ex)port type\b/.test(text.slice(start, start + 12));
  return [
    ...module.staticImports.map(({ start, moduleRequest }) => ({
      specifier: moduleRequest.value,
      typesOnly: typesOnly(start),
    })),
    ...module.staticExports.flatMap(({ start, entries }) =>
      entries.flatMap(({ moduleRequest }) =>
        moduleRequest ? { specifier: moduleRequest.value, typesOnly: typesOnly(start) } : [],
      ),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) => ({
      specifier: text.slice(moduleRequest.start + 1, moduleRequest.end - 1),
      typesOnly: false,
    })),
  ];
}

function target(root: string, path: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return relative(root, resolve(dirname(path), specifier));
  const [, name, subpath = "index"] = workspace.exec(specifier) ?? [];
  return name && `packages/${name}/src/${subpath}.ts`;
}
