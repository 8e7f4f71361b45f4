import { readConfig } from "@tillkeeper/server/config/config";
import { sandboxBlock } from "../sandbox-block.ts";
import { runServer } from "../server.ts";

/** Runs the server with a sandbox account; prints its credentials and three requests to begin with. */
export function sandbox(): Promise<void> {
  const config = readConfig(process.env);
  return runServer(config, { sandbox: true, announce: (server) => sandboxBlock(server, config) });
}
