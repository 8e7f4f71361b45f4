import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Plugin } from "rolldown";

const ownFile = /new URL\(\s*"(\.{1,2}\/[^"]+)",\s*import\.meta\.url\s*\)/g;
/** A use of the module's place that finds packages by name, which works from any file of the package. */
const byName = /createRequire\(import\.meta\.url\)/g;

/**
 * A bundler plugin that packs the files which a module finds by its own place, `new URL("./…", import.meta.url)`. A script
 * becomes a bundle of its own; a folder or another file is copied.
 *
 * Any other use of a module's place fails the build, because bundling moves all modules. The modules in `exempt` are exempt:
 * they find their files in a package as well.
 */
export function ownFiles(root: string, exempt: readonly string[]): Plugin {
  return {
    name: "own-files",
    transform(code, id) {
      if (!id.startsWith(join(root, "packages")) || exempt.includes(relative(root, id))) return null;
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

/** Names in the package, and contents, of one file, or of all files in a folder. */
function filesOf(path: string, packed: string): [string, Buffer][] {
  if (!packed.endsWith("/")) return [[packed, readFileSync(path)]];
  return readdirSync(path).map((name) => [`${packed}${name}`, readFileSync(join(path, name))]);
}
