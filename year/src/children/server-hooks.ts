import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { editsOf } from "../variants/edits.ts";

/**
 * Loaded into a server before its own program. It changes sources while they are read: how long workers rest, so that a year
 * passes in minutes, and what a broken variant breaks. An edit that finds not exactly one place ends the program, so that no
 * edit is lost when the server's sources change.
 */
const edits = editsOf(process.env["YEAR_VARIANT"]);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.startsWith("file:")) return loaded;
    const path = fileURLToPath(url);
    const wanted = edits.filter(({ file }) => path.endsWith(file));
    if (wanted.length === 0) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString("utf8");
    for (const { file, find, replace } of wanted) {
      const parts = source.split(find);
      if (parts.length !== 2) throw new Error(`${file}: ${parts.length - 1} places instead of one for: ${find}`);
      source = parts.join(replace);
    }
    return { ...loaded, source };
  },
});
