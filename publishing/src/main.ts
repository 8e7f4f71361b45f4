import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packAll } from "./pack.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [target] = process.argv.slice(2);

if (target === undefined) {
  console.error("npm run pack:all -- FOLDER: packs everything that is published into a folder");
  process.exitCode = 2;
} else {
  for (const file of await packAll(root, resolve(target))) console.log(file);
}
