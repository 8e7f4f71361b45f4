import { settingsInWords } from "@tillkeeper/server/config/in-words";
import { columns } from "../columns.ts";

/** Prints what the environment may hold. */
export function printSettings(): void {
  console.log(columns(settingsInWords()).join("\n"));
}
