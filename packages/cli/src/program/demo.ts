import { Command } from "commander";

/** `tillkeeper demo` */
export function demoCommand(): Command {
  return new Command("demo").action(async () => (await import("../commands/demo.ts")).demo());
}
