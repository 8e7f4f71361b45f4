import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import type { Plugin } from "vite";

/**
 * Stores each script and style sheet a second time, compressed as well as Brotli can, which takes too long for a server to do so when it is
 * asked. It reads the files that were written: Vite changes them to the last.
 */
export function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async writeBundle({ dir = "" }, bundle) {
      const names = Object.keys(bundle).filter((name) => /\.(?:js|css)$/.test(name));
      for (const path of names.map((name) => join(dir, name)))
        await writeFile(`${path}.br`, await promisify(brotliCompress)(await readFile(path)));
    },
  };
}
