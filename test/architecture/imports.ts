import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

/** One import of the project: from which file, of what, both relative to the root. Outside packages keep their name. */
export interface Import {
  from: string;
  specifier: string;
  /** The file it means, for relative imports and workspace packages. */
  file: string | undefined;
}

const workspace = /^@tillkeeper\/([^/]+)\/(.+)$/;

/** Every import, re-export and dynamic import with a fixed name below `root`, as the parser sees them. */
export function readImports(root: string): Import[] {
  return sourceFiles(root).flatMap((path) => {
    const from = relative(root, path);
    return specifiersOf(path).map((specifier) => ({ from, specifier, file: target(root, path, specifier) }));
  });
}

export function sourceFiles(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(node_modules|dist|data|fixtures)\//.test(path.slice(root.length)));
}

function specifiersOf(path: string): string[] {
  const { module, errors } = parseSync(path, readFileSync(path, "utf8"));
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`);
  const text = readFileSync(path, "utf8");
  return [
    ...module.staticImports.map((entry) => entry.moduleRequest.value),
    ...module.staticExports.flatMap((entry) =>
      entry.entries.flatMap(({ moduleRequest }) => moduleRequest?.value ?? []),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) => text.slice(moduleRequest.start + 1, moduleRequest.end - 1)),
  ];
}

function target(root: string, path: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return relative(root, resolve(dirname(path), specifier));
  const [, name, subpath] = workspace.exec(specifier) ?? [];
  return name && `packages/${name}/src/${subpath}.ts`;
}
