import { settingsInWords } from "@tillkeeper/server/config/in-words";
import { columns } from "../columns.ts";

/** Prints the settings that are read from the environment. */
export function printSettings(): void {
  console.log(columns(settingsInWords()).join("\n"));
}
