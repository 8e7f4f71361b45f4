import { readConfig } from "@tillkeeper/server/config";
import { Command } from "commander";
import { runServer } from "../server.ts";

/** `tillkeeper serve`: the server, and one line that says where it listens. */
export function serveCommand(): Command {
  return new Command("serve").description("run the server").action(() =>
    runServer(readConfig(process.env), {
      sandbox: false,
      announce: ({ httpUrl, mqttUrl }) => `Tillkeeper listens on ${httpUrl} (API) and ${mqttUrl} (MQTT).`,
    }),
  );
}
