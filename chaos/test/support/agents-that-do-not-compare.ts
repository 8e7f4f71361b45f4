import { playTerminals } from "../../src/agents/fleet.ts";

// Whatever a close was accepted after is right for these.
await playTerminals(process.argv[2] as string, {
  command: (command, { log }) =>
    command.operation === "end_of_day" ? { ...command, previous_close: log.lastClose ?? null } : command,
});
