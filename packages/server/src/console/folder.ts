import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where the built console is: in a published package, and in a checkout. */
const places = ["console", "packages/console/dist"];

/** Only a built one has it: `packages/console` has a page, too. */
const built = "assets";

/** The folder of the built console; undefined when it has not been built. */
export function consoleFolder(): string | undefined {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = places.map((place) => join(folder, place)).find((place) => existsSync(join(place, built)));
    if (found) return found;
  }
  return undefined;
}
