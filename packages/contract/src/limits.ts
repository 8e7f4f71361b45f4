/** Every limit that a caller or a terminal can meet, with its unit in the name. */
export const limits = {
  httpBodyBytes: 256 * 1024,
  /** Values in the JSON of a body, nested ones included. */
  httpBodyValues: 20_000,
  mqttPacketBytes: 64 * 1024,
  /** Values in the JSON of a message, nested ones included. */
  mqttMessageValues: 5_000,
  mqttClientIdCharacters: 128,
  /** A further connection ends the oldest one. */
  mqttConnectionsPerTerminal: 4,
  mqttHelloOperations: 100,
  mqttHelloAbilities: 32,
  mqttOpenBatchCurrencies: 20,
  /** Log entries that an agent keeps although the server holds them: so many closes, and so many other entries. */
  journalEntriesKept: 50,
  journalDaysKept: 7,
  /** How long a replaced device may still hand in the rest of its log. */
  formerDeviceDays: 30,
  /** Closes without a command of this server, those by hand included; of one terminal, counted by each server process. */
  closesWithoutCommandPerMinute: 60,
  longPollWaitSecondsMax: 20,
  longPollMessages: 50,
  /** The longest that an answer waits by `Prefer: wait`. */
  preferWaitSecondsMax: 60,
  /** Streams of events that a server process holds open: of one account, and in all. */
  eventStreamsPerAccount: 1_000,
  eventStreams: 4_000,
  /** Events that a request for a page of events looks through. */
  eventsScanned: 5_000,
  /** Events of the last half minute that a reader who begins there is told again. */
  recentEvents: 500,
  idempotencyKeyHours: 48,
  /** Terminals that a request to close a store can name. */
  closingTerminals: 1_000,
  /** So many days back a business day can be closed. */
  closingDaysBack: 31,
  /** Addresses that are told by mail of days that were not closed: of a store, and of an account. */
  mailAddresses: 20,
  /** Webhook subscriptions of an account. */
  hookSubscriptions: 100,
  /** An attempt to deliver an event may take so long. */
  hookAttemptSeconds: 60,
  /** Of an answer of a receiver so much is kept. */
  hookAnswerBytes: 8 * 1024,
  /** How long an earlier secret of a subscription may go on signing. */
  hookOverlapSecondsMax: 7 * 86_400,
  /** Longer than an idempotency key is kept, so that a key never outlives its operation. */
  retentionDaysMin: 3,
  releaseFileBytes: 512 * 1024 * 1024,
  configurationBytes: 32 * 1024,
  operationTimeoutSecondsMin: 5,
  operationTimeoutSecondsMax: 600,
  /** Bytes of the upload itself: a gzip file, or plain text. */
  logUploadBytes: 64 * 1024 * 1024,
  logUnpackedBytes: 512 * 1024 * 1024,
  /** The server ends an upload that brings no byte for so long, at the latest after twice that time. */
  uploadStallSeconds: 20,
  /** How long after an operation's deadline its files may still be uploaded or downloaded. */
  transferGraceSeconds: 60,
} as const;
