import { describeSettings } from "@tillkeeper/server/config/describe";
import { columns } from "../columns.ts";

/** Prints the settings that are read from the environment. */
export function printSettings(): void {
  console.log(columns(describeSettings()).join("\n"));
}
