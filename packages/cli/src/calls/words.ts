/** What the command line adds to the calls of a noun. All of it may be missing: a new noun has its commands without a line here. */
interface NounWords {
  /** Its line in the help. */
  about?: string;
  /** The name of its command, where that is another one. */
  command?: string;
  /** Columns of its lists, the most telling first, by the name of the call; `list` is also what others fall back to. */
  columns?: Readonly<Record<string, readonly string[]>>;
  /** Further names of a call. */
  aliases?: Readonly<Record<string, readonly string[]>>;
  /** Fields of the body that stand as words behind the command, by the name of the call. */
  words?: Readonly<Record<string, readonly string[]>>;
}

/** Verbs that people try beside those of the API. */
export const usualAliases: Readonly<Record<string, readonly string[]>> = {
  create: ["add"],
  delete: ["remove"],
  get: ["show"],
};

/** By noun of the API. */
export const nounWords: Readonly<Record<string, NounWords>> = {
  stores: {
    about: "stores: their data, configuration, suspension",
    columns: { list: ["store_id", "status", "store_name", "number_of_terminals", "id"] },
  },
  terminals: {
    about: "terminals: register, move, replace, delete, pairing codes",
    columns: {
      list: ["terminal_id", "status", "store_id", "device_serial_number", "device_model", "created_at"],
      listPairingCodes: ["status", "created_at", "expires_at", "reference"],
      listDevices: ["device_serial_number", "device_model", "from", "to"],
    },
  },
  operations: {
    about: "commands to terminals: send, read, cancel",
    columns: { list: ["terminal_id", "operation", "status", "reason", "created_at", "id"] },
    aliases: { create: ["send"] },
    words: { create: ["terminal_id", "operation"] },
  },
  closings: {
    about: "closings of stores' days; `close` is the short way",
    columns: {
      list: ["business_day", "state", "id", "text"],
      listOfAccount: ["business_day", "store_id", "state", "id", "text"],
    },
  },
  closingReports: { about: "numbered reports of closings", columns: { list: ["number", "kind", "made_at", "sha256"] } },
  hooks: {
    about: "webhooks: subscriptions, deliveries, secrets",
    columns: {
      list: ["id", "state", "config.url", "events"],
      deliveries: ["event", "success", "response.status_code", "created_at", "id"],
    },
  },
  events: { columns: { list: ["time", "type", "subject", "cause", "store_id", "id"] } },
  presence: {
    about: "who is online, since when, and what devices report",
    columns: {
      list: ["store_id", "worst", "counts.online", "counts.late", "counts.offline", "counts.never", "counts.shut_down"],
      ofStore: ["terminal_id", "status", "since"],
      listChanges: ["at", "status", "reason"],
    },
  },
  timeline: { columns: { ofTerminal: ["at", "text", "type"], ofStore: ["at", "text", "type"] } },
  activations: { about: "tasks that bring terminals into use", columns: { list: ["id", "status", "created_at"] } },
  logs: { about: "logs of terminals, and their files", columns: { list: ["log_id", "created_at", "size"] } },
  releases: {
    about: "releases of terminals' software",
    columns: { list: ["device_model", "version", "status", "id", "created_at"] },
  },
  releaseKeys: { about: "keys that releases are signed with", columns: { list: ["key_id", "name", "created_at"] } },
  configurations: {
    about: "configurations of terminals",
    columns: { list: ["version", "device_model", "store_id", "created_at", "withdrawn_at"] },
  },
  payoutDestinations: {
    about: "who gets the money of stores",
    columns: { list: ["payout_destination_id", "case_status", "payout_destination_name"] },
  },
  destinationApprovals: {
    about: "payout destinations in the older form",
    columns: { list: ["payout_destination_id", "case_status", "payout_destination_name"] },
  },
  clients: {
    about: "API clients of an account and their secrets",
    columns: { list: ["client_id", "name", "status", "created_at"] },
  },
  clientGrants: {
    about: "which scopes a client has for which account",
    columns: { list: ["id", "client_id", "audience", "scope"] },
  },
  audit: { columns: { list: ["at", "actor", "action", "subject_type", "subject_id"] } },
  sandbox: {
    command: "sim",
    columns: { requests: ["at", "method", "path", "status", "code", "client_id", "request_id", "duration_ms"] },
  },
};
