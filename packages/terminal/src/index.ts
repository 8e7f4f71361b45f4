export { Agent, type AgentOptions } from "./agent.ts";
export type { Connection, ConnectionSettings, Credential, OpenConnection } from "./connection.ts";
export { DeviceCredential, type DeviceCredentialOptions } from "./device-credential.ts";
export { type DeviceKeys, makeDeviceKeys, openDeviceKeys } from "./device-keys.ts";
export { type RememberedDevice, rememberedDevice } from "./device-memory.ts";
export { withFallback } from "./fallback-connection.ts";
export { type FileJournalOptions, MemoryLostError, openFileJournal, readFileJournal } from "./file-journal.ts";
export { handIn } from "./handing-in.ts";
export { type Journal, memoryJournal } from "./journal.ts";
export { type LogContent, type LogUploadOptions, uploadLog } from "./log-upload.ts";
export type { Logger } from "./logger.ts";
export { openLongPollConnection } from "./long-poll-connection.ts";
export { type MqttLink, openMqttAs, openMqttConnection } from "./mqtt-connection.ts";
export type { MqttVersion } from "./mqtt-version.ts";
export type {
  CloseHandler,
  Completed,
  Failed,
  HandlerContext,
  LastBatch,
  Operation,
  OperationHandler,
  OperationHandlers,
} from "./operation.ts";
export {
  DeviceServerError,
  type DeviceToken,
  type GivenToken,
  type PairingOptions,
  pairDevice,
  pairOrGoOn,
  readPairingUri,
  requestToken,
  type ServerOptions,
  type TokenOptions,
} from "./pairing.ts";
export type { Payments } from "./payments.ts";
export { keyIdOf, verifyRelease } from "./release-signature.ts";
export { checkUpdate, type UpdatesOptions, type Versions } from "./updates.ts";
