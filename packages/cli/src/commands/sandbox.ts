import { readConfig } from "@tillkeeper/server/config";
import { Command } from "commander";
import { sandboxBlock } from "../sandbox-block.ts";
import { runServer } from "../server.ts";

/** `tillkeeper sandbox`: the server with an account to try it on, its credentials and the first three requests. */
export function sandboxCommand(): Command {
  return new Command("sandbox")
    .description("run the server with a sandbox account, three stores and virtual terminals")
    .action(() => {
      const config = readConfig(process.env);
      return runServer(config, { sandbox: true, announce: (server) => sandboxBlock(server, config) });
    });
}
