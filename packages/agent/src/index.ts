export { Agent, type AgentOptions } from "./agent.ts";
export { DeviceCredential, type DeviceCredentialOptions } from "./credentials/device-credential.ts";
export { type DeviceKeys, makeDeviceKeys, openDeviceKeys } from "./credentials/device-keys.ts";
export { type DeviceMemory, openDeviceMemory } from "./credentials/device-memory.ts";
export {
  DeviceServerError,
  type DeviceToken,
  type GivenToken,
  type PairingOptions,
  pairDevice,
  pairOrRequestToken,
  readPairingUri,
  requestToken,
  type ServerOptions,
  type TokenOptions,
} from "./credentials/pairing.ts";
export { type LogContent, type LogUploadOptions, uploadLog } from "./files/log-upload.ts";
export { keyIdOf, verifyRelease } from "./files/release-signature.ts";
export { checkUpdate, type UpdatesOptions, type Versions } from "./files/updates.ts";
export type { Connection, ConnectionSettings, Credential, OpenConnection } from "./links/connection.ts";
export { withFallback } from "./links/fallback-connection.ts";
export { openLongPollConnection } from "./links/long-poll-connection.ts";
export { type MqttLink, openMqttConnection, openMqttVersion } from "./links/mqtt-connection.ts";
export type { MqttVersion } from "./links/mqtt-version.ts";
export type { Logger } from "./logger.ts";
export { type FileJournalOptions, MemoryLostError, openFileJournal, readFileJournal } from "./memory/file-journal.ts";
export { type Journal, memoryJournal } from "./memory/journal.ts";
export type {
  CloseHandler,
  Completed,
  Failed,
  HandlerContext,
  LastBatch,
  Operation,
  OperationHandler,
  OperationHandlers,
} from "./operations/operation.ts";
export type { Payments } from "./operations/payments.ts";
export { handInResults } from "./talk/hand-in-results.ts";
