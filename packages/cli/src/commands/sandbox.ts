import { readConfig } from "@tillkeeper/server/config/config";
import { sandboxBlock } from "../sandbox-block.ts";
import { runServer } from "../server.ts";

/** The server with an account to try it on, its credentials and the first three requests. */
export function sandbox(): Promise<void> {
  const config = readConfig(process.env);
  return runServer(config, { sandbox: true, announce: (server) => sandboxBlock(server, config) });
}
