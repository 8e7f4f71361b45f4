import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** In the folder of the documents: style sheets and scripts of the pages. */
const site = "site";

/**
 * Reads one of the project's documents, by its path in `docs`. Throws when there is none: these files belong to the
 * program as its sources do.
 */
export function readDocument(path: string): string {
  return readFileSync(join(docsFolder(), path), "utf8");
}

/** Reads a file of the pages. The bundle of the reference page lies among them in a package, and else in `node_modules`. */
export function readSiteFile(name: string): Buffer {
  const path = join(docsFolder(), site, name);
  return readFileSync(name === scalarBundle && !existsSync(path) ? installedScalar() : path);
}

/** The name of the reference page's bundle among the files of the pages. */
export const scalarBundle = "scalar.js";

/** The nearest `docs` above this file: of the checkout, or of the package that this file was built into. */
function docsFolder(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const docs = join(folder, "docs");
    if (existsSync(join(docs, site))) return docs;
  }
  throw new Error("the folder docs is missing");
}

function installedScalar(): string {
  const style = fileURLToPath(import.meta.resolve("@scalar/api-reference/style.css"));
  return join(dirname(style), "browser", "standalone.js");
}
