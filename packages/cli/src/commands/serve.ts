import { readConfig } from "@tillkeeper/server/config/config";
import { runServer } from "../server.ts";

/** Runs the server; prints one line that says where it listens. */
export function serve(): Promise<void> {
  return runServer(readConfig(process.env), {
    sandbox: false,
    announce: ({ httpUrl, mqttUrl }) => `Tillkeeper listens on ${httpUrl} (API) and ${mqttUrl} (MQTT).`,
  });
}
