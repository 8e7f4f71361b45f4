import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Plugin } from "rolldown";

const ownFile = /new URL\(\s*"(\.{1,2}\/[^"]+)",\s*import\.meta\.url\s*\)/g;
/** Finds packages by name, which is the same from any file of the package. */
const byName = /createRequire\(import\.meta\.url\)/g;

/**
 * Brings along the files that a module finds by its own place, `new URL("./…", import.meta.url)`: a script becomes a bundle of
 * its own, a folder or another file is copied. Any other use of a module's place fails the build, because all modules move; but
 * of those that know how a package looks.
 */
export function ownFiles(root: string, knowing: readonly string[]): Plugin {
  return {
    name: "own-files",
    transform(code, id) {
      if (!id.startsWith(join(root, "packages")) || knowing.includes(relative(root, id))) return null;
      const moved = code.replace(ownFile, (_, path: string) => {
        const target = join(dirname(id), path);
        if (!existsSync(target)) this.error(`${relative(root, id)} names ${path}, which does not exist`);
        const name = relative(join(root, "packages"), target)
          .replace(/\.ts$/, "")
          .replaceAll("/", "-")
          .replace("-src-", "-");
        const packed = target.endsWith(".ts") ? `${name}.js` : statSync(target).isDirectory() ? `${name}/` : name;
        if (target.endsWith(".ts")) this.emitFile({ type: "chunk", id: target, fileName: packed });
        else
          for (const [fileName, source] of filesOf(target, packed)) this.emitFile({ type: "asset", fileName, source });
        return `new URL("./${packed}", import.meta.url)`;
      });
      if (/import\.meta\.(url|dirname|filename|resolve)/.test(code.replace(ownFile, "").replace(byName, ""))) {
        this.error(`${relative(root, id)} finds files by its own place in a way that packing does not know`);
      }
      // Lines stay where they are, so the source map holds as it is.
      return moved === code ? null : { code: moved, map: null };
    },
  };
}

/** Name in the package and content, of one file or of all that lie in a folder. */
function filesOf(path: string, packed: string): [string, Buffer][] {
  if (!packed.endsWith("/")) return [[packed, readFileSync(path)]];
  return readdirSync(path).map((name) => [`${packed}${name}`, readFileSync(join(path, name))]);
}
