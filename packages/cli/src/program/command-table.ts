import type { Command } from "commander";
import { kebab } from "../calls/call.ts";
import { callTable } from "../calls/call-table.ts";
import { nounWords } from "../calls/words.ts";

/** The headings of the help, in their order. */
export const groups = {
  day: "Every day:",
  calls: "The API, call by call:",
  server: "The server and its data:",
  devices: "Devices, and programs to check:",
} as const;
type Group = keyof typeof groups;

/** A command of the program: its line in the help, and its options, which are loaded only when the command is called. */
interface Row {
  description: string;
  /** The heading of the help under which it stands. */
  group: Group;
  define?: () => Promise<Command>;
  /** The exit code for wrong arguments, where 1 means something else. */
  usageCode?: number;
}

/** The command that completes command lines for a shell. */
export const completeName = "complete";

/** The commands that are written by hand. What a command does is imported when it runs, so that the help need not load a server. */
const ownRows: Readonly<Record<string, Row>> = {
  close: {
    group: "day",
    description: "close a store's day, and watch its terminals",
    define: async () => (await import("./close.ts")).closeCommand(),
  },
  timeline: {
    group: "day",
    description: "what happened to a terminal, or in a store, around a time",
    define: async () => (await import("./timeline.ts")).timelineCommand(),
  },
  events: {
    group: "day",
    description: "what happens: list it, follow it, send it again",
    define: async () => (await import("./events.ts")).eventsCommand(),
  },
  listen: {
    group: "day",
    description: "forward events to a program on this machine, signed like webhooks",
    define: async () => (await import("./listen.ts")).listenCommand(),
  },
  sim: {
    group: "day",
    description: "make virtual terminals of a sandbox fail, sell, lose their network",
    define: async () => (await import("./sim.ts")).simCommand(),
  },
  clock: {
    group: "day",
    description: "show a sandbox's time, or move it ahead: +8h",
    define: async () => (await import("./clock.ts")).clockCommand(),
  },
  reset: {
    group: "day",
    description: "take a sandbox back to its beginning",
    define: async () => (await import("./reset.ts")).resetCommand(),
  },
  api: {
    group: "day",
    description: "send any request: GET /stores",
    define: async () => (await import("./api.ts")).apiCommand(),
  },
  login: {
    group: "day",
    description: "keep a server and a client of it under a name",
    define: async () => (await import("./login.ts")).loginCommand(),
  },
  use: {
    group: "day",
    description: "choose among the servers that login knows",
    define: async () => (await import("./login.ts")).useCommand(),
  },
  logout: {
    group: "day",
    description: "forget a server and its secret",
    define: async () => (await import("./login.ts")).logoutCommand(),
  },
  // Defined by a library, once the program has all other commands.
  [completeName]: {
    group: "day",
    description: "print a script that completes command lines: bash, zsh, fish, powershell",
  },
  sandbox: {
    group: "server",
    description: "run the server with a sandbox account, three stores and virtual terminals",
    define: async () => (await import("./sandbox.ts")).sandboxCommand(),
  },
  serve: {
    group: "server",
    description: "run the server",
    define: async () => (await import("./serve.ts")).serveCommand(),
  },
  migrate: {
    group: "server",
    description: "bring the database to this version's schema, and end",
    define: async () => (await import("./migrate.ts")).migrateCommand(),
  },
  account: {
    group: "server",
    description: "manage accounts",
    define: async () => (await import("./account.ts")).accountCommand(),
  },
  client: {
    group: "server",
    description: "manage API clients in the database itself",
    define: async () => (await import("./client.ts")).clientCommand(),
  },
  user: {
    group: "server",
    description: "let people into an account, in the database itself",
    define: async () => (await import("./user.ts")).userCommand(),
  },
  terminal: {
    group: "server",
    description: "manage terminals in the database itself",
    define: async () => (await import("./terminal.ts")).terminalCommand(),
  },
  keys: {
    group: "server",
    description: "manage the keys that sign tokens",
    define: async () => (await import("./keys.ts")).keysCommand(),
  },
  backup: {
    group: "server",
    description: "write all rows of the database into a file, also while servers run; the key file is kept elsewhere",
    define: async () => (await import("./backup.ts")).backupCommand(),
  },
  restore: {
    group: "server",
    description: "read a backup into an empty database: a new data folder, or DATABASE_URL",
    define: async () => (await import("./backup.ts")).restoreCommand(),
  },
  restored: {
    group: "server",
    description:
      "say that the database went back to an earlier moment, by a backup or a failover; before servers start",
    define: async () => (await import("./restored.ts")).restoredCommand(),
  },
  settings: {
    group: "server",
    description: "list the settings that are read from the environment",
    define: async () => (await import("./settings.ts")).settingsCommand(),
  },
  audit: {
    group: "server",
    description: "the log of all changes",
    define: async () => (await import("./audit.ts")).auditCommand(),
  },
  agent: {
    group: "devices",
    description: "run a device that pairs with a server and carries out operations, until Ctrl-C",
    define: async () => (await import("./agent.ts")).agentCommand(),
  },
  "check-agent": {
    group: "devices",
    description: "check a device, rule by rule, against a test server of its own that makes trouble",
    define: async () => (await import("./check-agent.ts")).checkAgentCommand(),
  },
  "check-client": {
    group: "devices",
    description: "check a program that uses the API, rule by rule, against a throw-away server that makes trouble",
    define: async () => (await import("./check-client.ts")).checkClientCommand(),
    usageCode: 2,
  },
  release: {
    group: "server",
    description: "manage the software of terminals",
    define: async () => (await import("./release.ts")).releaseCommand(),
  },
  configuration: {
    group: "server",
    description: "manage the configurations of terminals",
    define: async () => (await import("./configuration.ts")).configurationCommand(),
  },
  demo: {
    group: "devices",
    description: "play what terminal operations do on a throw-away server, and check every answer",
    define: async () => (await import("./demo.ts")).demoCommand(),
  },
  simulate: {
    group: "devices",
    description: "run a fleet of simulated terminals against a server, until Ctrl-C",
    define: async () => (await import("./simulate.ts")).simulateCommand(),
  },
};

/** The nouns of the API, each with its calls; those that are part of a command of another name have no row of their own. */
const callRows: Readonly<Record<string, Row>> = Object.fromEntries(
  Object.entries(callTable).map(([noun, { about }]) => [
    nounWords[noun]?.command ?? kebab(noun),
    {
      description: nounWords[noun]?.about ?? about,
      group: "calls",
      define: async () => (await import("../calls/noun-command.ts")).nounCommand(noun),
    } satisfies Row,
  ]),
);

/** All commands. A command that is written by hand stands for the noun of its name, and has its calls. */
export const rows: Readonly<Record<string, Row>> = { ...callRows, ...ownRows };
