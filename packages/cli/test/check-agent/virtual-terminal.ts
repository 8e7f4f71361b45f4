import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPasswordJournal } from "@tillkeeper/agent/credentials/password-memory";
import { MemoryLostError } from "@tillkeeper/agent/memory/file-journal";
import { terminalFile } from "@tillkeeper/virtual-terminals/virtual/state";
import { VirtualTerminal } from "@tillkeeper/virtual-terminals/virtual/terminal";

/*
 * The program `virtual-terminal.ts FOLDER`: a virtual terminal with a password. The environment says how to connect.
 * Its journal, which includes the simulated card reader, is in `FOLDER/memory`. SIGUSR2 closes the day by hand, and
 * the file `by-hand` shows that this is done.
 */
const [folder = "."] = process.argv.slice(2);
const { AGENT_TERMINAL_ID: terminalId = "", AGENT_MQTT_URL: mqttUrl = "" } = process.env;
const { AGENT_ADDRESS: address = "", AGENT_PASSWORD: password = "" } = process.env;
mkdirSync(join(folder, "memory"), { recursive: true });
const journal = terminalFile(join(folder, "memory", "journal.json"), Date.now);
const notedAt = join(folder, "addresses.json");

const terminal = new VirtualTerminal(
  { terminalId, serialNumber: "SIMULATED-T00000000-001", mqttUrl, address, password },
  (current) => openPasswordJournal(journal, { address: current, notedAt }),
);

process.on("SIGUSR2", () => {
  void terminal.closeByHand().then(() => writeFileSync(join(folder, "by-hand"), ""));
});
process.on("SIGTERM", () => void terminal.stop().then(() => process.exit()));

try {
  await terminal.start();
  writeFileSync(join(folder, "pid"), String(process.pid));
} catch (error) {
  if (!(error instanceof MemoryLostError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
