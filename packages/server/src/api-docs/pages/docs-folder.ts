import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Subfolder of `docs` with style sheets and scripts of the pages. */
const site = "site";

/**
 * Reads one of the project's documents, by its path in `docs`. Throws when the file is missing: the documents belong to
 * the program as its sources do.
 */
export function readDocument(path: string): string {
  return readFileSync(join(docsFolder(), path), "utf8");
}

/**
 * Reads a file of the pages. In a built package the reference page's bundle lies among them, else in `node_modules`.
 */
export function readSiteFile(name: string): Buffer {
  const path = join(docsFolder(), site, name);
  return readFileSync(name === scalarBundle && !existsSync(path) ? installedScalar() : path);
}

/** File name of the reference page's bundle. */
export const scalarBundle = "scalar.js";

/** The nearest `docs` folder above this file: of the checkout, or of the built package. */
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
