import { playTerminals } from "../../src/agents/fleet.ts";

// These terminals accept every `previous_close`: the command is changed to name their own last close.
await playTerminals(process.argv[2] as string, {
  command: (command, { log }) =>
    command.operation === "end_of_day" ? { ...command, previous_close: log.lastClose ?? null } : command,
});
