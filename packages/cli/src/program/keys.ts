import { Command } from "commander";

/** `tillkeeper keys rotate`: a new key to sign tokens with; nobody is logged out. */
export function keysCommand(): Command {
  const rotate = new Command("rotate")
    .description("add a new key to sign tokens with; old ones are retired when their tokens have expired")
    .action(async () => (await import("../commands/keys.ts")).rotateAction());
  return new Command("keys").addCommand(rotate);
}
