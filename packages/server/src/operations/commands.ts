/** What other features may know of commands on their way to terminals. */
export { type Command, claimCommands, liveCommand } from "./sql/claim-commands.ts";
