/** Every limit that a caller or a terminal can run into, with its unit in the name. */
export const limits = {
  httpBodyBytes: 256 * 1024,
  /** Values in the JSON of a body, those inside others included. */
  httpBodyValues: 20_000,
  mqttPacketBytes: 64 * 1024,
  /** Values in the JSON of a message, those inside others included. */
  mqttMessageValues: 5_000,
  mqttClientIdCharacters: 128,
  /** A further one ends the oldest. */
  mqttConnectionsPerTerminal: 4,
  mqttHelloOperations: 100,
  mqttHelloAbilities: 32,
  /** What an agent keeps of its log, closes and others each, beyond what the server does not hold. */
  journalEntriesKept: 50,
  journalDaysKept: 7,
  /** How long a device may hand in the rest of its log after another one has replaced it. */
  formerDeviceDays: 30,
  /** Closes by hand, and others that no command of this server asked for, of one terminal at each server. */
  unaskedClosesPerMinute: 60,
  longPollWaitSecondsMax: 20,
  longPollMessages: 50,
  idempotencyKeyHours: 48,
  /** So that an idempotency key never outlives its operation. */
  retentionDaysMin: 3,
  releaseFileBytes: 512 * 1024 * 1024,
  configurationBytes: 32 * 1024,
  operationTimeoutSecondsMin: 5,
  operationTimeoutSecondsMax: 600,
  /** As sent: gzip, or text as it is. */
  logUploadBytes: 64 * 1024 * 1024,
  logUnpackedBytes: 512 * 1024 * 1024,
  /** Nothing of an upload came for so long (and up to twice that): it is over. */
  uploadStallSeconds: 20,
  /** How long after an operation's deadline its files may still be sent or fetched. */
  transferGraceSeconds: 60,
} as const;
