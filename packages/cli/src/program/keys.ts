import { Command } from "commander";

/** `tillkeeper keys rotate`: adds a new key to sign tokens with. Issued tokens stay valid. */
export function keysCommand(): Command {
  const rotate = new Command("rotate")
    .description("add a new key to sign tokens with; old ones are retired when their tokens have expired")
    .action(async () => (await import("../commands/keys.ts")).rotateAction());
  return new Command("keys").addCommand(rotate);
}
