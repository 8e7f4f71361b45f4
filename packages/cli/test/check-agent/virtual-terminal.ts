import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVirtualFleet } from "@tillkeeper/terminal/virtual-fleet";

/*
 * A virtual terminal with a password, as a program: `virtual-terminal.ts FOLDER`. The environment says how to connect. SIGUSR2
 * closes the day by hand, and the file `by-hand` says when that is done.
 */
const [folder = "."] = process.argv.slice(2);
const { AGENT_TERMINAL_ID = "", AGENT_MQTT_URL = "", AGENT_ADDRESS = "", AGENT_PASSWORD = "" } = process.env;
const fleet = createVirtualFleet({ folder });
const stop = fleet.stopAll.bind(fleet);

process.on("SIGUSR2", () => {
  void fleet.closeByHand(AGENT_TERMINAL_ID).then(() => writeFileSync(join(folder, "by-hand"), ""));
});
process.on("SIGTERM", () => void stop().then(() => process.exit()));

await fleet.start({
  terminalId: AGENT_TERMINAL_ID,
  serialNumber: "SIMULATED-T00000000-001",
  mqttUrl: AGENT_MQTT_URL,
  address: AGENT_ADDRESS,
  password: AGENT_PASSWORD,
});
writeFileSync(join(folder, "pid"), String(process.pid));
