import type { Command } from "commander";

/** A command of the program: its line in the help, and its options, which are loaded only when the command is called. */
interface Row {
  description: string;
  define: () => Promise<Command>;
  /** The exit code for wrong arguments, where 1 means something else. */
  usageCode?: number;
}

/**
 * All commands, in the order in which the help names them. What a command does is imported when it runs, so that the help
 * need not load a server.
 */
export const rows: Readonly<Record<string, Row>> = {
  sandbox: {
    description: "run the server with a sandbox account, three stores and virtual terminals",
    define: async () => (await import("./sandbox.ts")).sandboxCommand(),
  },
  serve: { description: "run the server", define: async () => (await import("./serve.ts")).serveCommand() },
  migrate: {
    description: "bring the database to this version's schema, and end",
    define: async () => (await import("./migrate.ts")).migrateCommand(),
  },
  account: { description: "manage accounts", define: async () => (await import("./account.ts")).accountCommand() },
  client: {
    description: "manage API clients in the database itself",
    define: async () => (await import("./client.ts")).clientCommand(),
  },
  terminal: {
    description: "manage terminals in the database itself",
    define: async () => (await import("./terminal.ts")).terminalCommand(),
  },
  keys: {
    description: "manage the keys that sign tokens",
    define: async () => (await import("./keys.ts")).keysCommand(),
  },
  backup: {
    description: "write all rows of the database into a file, also while servers run; the key file is kept elsewhere",
    define: async () => (await import("./backup.ts")).backupCommand(),
  },
  restore: {
    description: "read a backup into an empty database: a new data folder, or DATABASE_URL",
    define: async () => (await import("./backup.ts")).restoreCommand(),
  },
  restored: {
    description:
      "say that the database went back to an earlier moment, by a backup or a failover; before servers start",
    define: async () => (await import("./restored.ts")).restoredCommand(),
  },
  settings: {
    description: "list the settings that are read from the environment",
    define: async () => (await import("./settings.ts")).settingsCommand(),
  },
  audit: { description: "the log of all changes", define: async () => (await import("./audit.ts")).auditCommand() },
  agent: {
    description: "run a device that pairs with a server and carries out operations, until Ctrl-C",
    define: async () => (await import("./agent.ts")).agentCommand(),
  },
  "check-agent": {
    description: "check a device, rule by rule, against a test server of its own that makes trouble",
    define: async () => (await import("./check-agent.ts")).checkAgentCommand(),
  },
  "check-client": {
    description: "check a program that uses the API, rule by rule, against a throw-away server that makes trouble",
    define: async () => (await import("./check-client.ts")).checkClientCommand(),
    usageCode: 2,
  },
  release: {
    description: "manage the software of terminals",
    define: async () => (await import("./release.ts")).releaseCommand(),
  },
  configuration: {
    description: "manage the configurations of terminals",
    define: async () => (await import("./configuration.ts")).configurationCommand(),
  },
  demo: {
    description: "play what terminal operations do on a throw-away server, and check every answer",
    define: async () => (await import("./demo.ts")).demoCommand(),
  },
  simulate: {
    description: "run a fleet of simulated terminals against a server, until Ctrl-C",
    define: async () => (await import("./simulate.ts")).simulateCommand(),
  },
};
