import { isBuiltin } from "node:module";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { rolldown } from "rolldown";
import { ownFiles } from "./own-files.ts";
import type { PublishedPackage } from "./packages.ts";

/** Bundles a package's modules into few files in `folder`. Returns the names of the outside packages that they import. */
export async function bundle(
  root: string,
  { entries, exempt, node, beside }: PublishedPackage,
  folder: string,
): Promise<string[]> {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    platform: "node",
    external: (id) => beside.includes(id) || (!id.startsWith(".") && !isAbsolute(id) && !id.startsWith("@tillkeeper/")),
    transform: { target: `node${node}` },
    plugins: [ownFiles(root, exempt)],
    checks: { circularDependency: false },
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message);
    },
  });
  const { output } = await build.write({
    dir: folder,
    // All modules are in one folder, so that a relative path leads to the same file from each of them.
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    sourcemap: true,
    // Paths of sources are relative to the package, not to the temporary folder of the build.
    sourcemapPathTransform: (source, map) => join("..", relative(root, resolve(dirname(map), source))),
  });
  await build.close();
  const imported = output.flatMap((file) => (file.type === "chunk" ? [...file.imports, ...file.dynamicImports] : []));
  const files = new Set<string>(output.map((file) => file.fileName));
  const outside = imported.filter((name) => !files.has(name) && !isBuiltin(name));
  return [...new Set(outside.map(packageOf))].toSorted();
}

/** The package's name (`@scope/name` or `name`) in a specifier that may name a module in it. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
