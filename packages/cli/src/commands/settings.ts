import { settings } from "@tillkeeper/server/config";
import { columns } from "../columns.ts";

/** Prints what the environment may hold. */
export function printSettings(): void {
  console.log(columns(Object.entries(settings)).join("\n"));
}
