import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const find = createRequire(import.meta.url);

/** The file of the program `tillkeeper`: of the package beside this one, or in a checkout of the sources. */
export function programFile(): string {
  try {
    return join(dirname(find.resolve("tillkeeper/package.json")), "dist/tillkeeper.js");
  } catch {
    return find.resolve("@tillkeeper/cli/main");
  }
}
