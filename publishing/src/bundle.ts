import { isBuiltin } from "node:module";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { rolldown } from "rolldown";
import { ownFiles } from "./own-files.ts";
import type { PublishedPackage } from "./packages.ts";

/** Writes a package's modules to `folder`, as few files. Returns the names of the outside packages that they import. */
export async function bundle(
  root: string,
  { entries, knowing, node }: PublishedPackage,
  folder: string,
): Promise<string[]> {
  const build = await rolldown({
    cwd: root,
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    platform: "node",
    external: (id) => !id.startsWith(".") && !isAbsolute(id) && !id.startsWith("@tillkeeper/"),
    transform: { target: `node${node}` },
    plugins: [ownFiles(root, knowing)],
    checks: { circularDependency: false },
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message);
    },
  });
  const { output } = await build.write({
    dir: folder,
    // All modules lie side by side, so that a place relative to one is relative to all.
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    sourcemap: true,
    // As seen from the package, not from the folder that it happened to be built in.
    sourcemapPathTransform: (source, map) => join("..", relative(root, resolve(dirname(map), source))),
  });
  await build.close();
  const imported = output.flatMap((file) => (file.type === "chunk" ? [...file.imports, ...file.dynamicImports] : []));
  const files = new Set<string>(output.map((file) => file.fileName));
  const outside = imported.filter((name) => !files.has(name) && !isBuiltin(name));
  return [...new Set(outside.map(packageOf))].toSorted();
}

/** `@scope/name` or `name`, of what may name a module in it. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
