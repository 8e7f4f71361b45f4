/** The sections of the reference page, in their order, and what each is about. */
export const tags = {
  Authenticate: "Tokens by OAuth 2 client credentials, and the keys that they are signed with.",
  Accounts: "An account is a merchant or an operator; everything else belongs to one.",
  Clients:
    "The clients of an account, their secrets, and the grants that say which scopes a client has for which account.",
  Users: "The people of an account: their roles, their stores, and the links that let them in.",
  "Sign-in": "How people sign in, and their sessions. For browsers: a session is a cookie.",
  Stores: "The places where terminals stand, and how each is run: closing time, time zone, suspension.",
  Terminals: "The payment terminals of an account: register, replace, delete, give a credential or a pairing code.",
  "Terminal operations":
    "Commands to a terminal: close the day, send logs, look for an update, open the menu. One at a time per terminal; " +
    "accepted at once, carried out by the terminal, read here until they have ended.",
  Closings:
    "The close of a store's business day, on every terminal once: what is closed, what is missing, and what to do about it.",
  Webhooks: "Events sent to an address of yours as they happen, signed, and sent again until they are taken.",
  "Terminal activations": "A terminal gets a configuration and a release as one task.",
  "Terminal logs": "The logs that terminals were asked for, and their files.",
  Presence: "Whether a terminal is online, since when, and what it reports about itself.",
  Timeline: "What happened to a terminal, or in a store: everything that the server knows of it, in one list.",
  Updates: "Releases of the terminal's program, the keys that they are signed with, and configurations.",
  "Payout destinations": "Who gets the money of a store. An operator moves a destination through its review.",
  Events: "What happened in an account, in its order: read by the page, or as a stream.",
  Audit: "Who changed what, and when.",
  Sandbox: "Controls that only a sandbox has.",
  Devices: "The devices of terminals: pairing and device tokens.",
  "For terminals": "What the program on a terminal calls during an operation.",
  Brokers: "What an outside MQTT broker asks about a terminal that connects.",
  Health: "Whether the server is up and ready.",
} as const;
export type Tag = keyof typeof tags;
