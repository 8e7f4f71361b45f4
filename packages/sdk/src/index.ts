export type { Closing, ClosingPreview, ClosingTerminal } from "@tillkeeper/contract/http/closing-schemas";
export type { ClosingCreate } from "@tillkeeper/contract/http/closings";
export type { Configuration, TerminalConfiguration } from "@tillkeeper/contract/http/configurations";
export type { OperationBlocker } from "@tillkeeper/contract/http/error-facts";
export type { AnyEvent, EventOf } from "@tillkeeper/contract/http/event-schemas";
export type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
export type { Store, StoreCreate, StoreListItem } from "@tillkeeper/contract/http/stores";
export type { Terminal, TerminalCreate } from "@tillkeeper/contract/http/terminals";
export { type Client, type ClientOptions, createClient, type SessionClient, type SessionOptions } from "./client.ts";
export type { CloseOptions } from "./close.ts";
export {
  ConnectionError,
  type ErrorName,
  OperationFailedError,
  TerminalBusyError,
  TillkeeperError,
  TimeoutError,
} from "./error.ts";
export type { EventStream, Reset, StreamOptions } from "./events.ts";
export type {
  Answer,
  BusyCallOptions,
  CallOptions,
  IdempotentCallOptions,
  ListMethod,
  Method,
  Pages,
  WaitingCallOptions,
} from "./method-types.ts";
export type { Completed, RunOptions, WaitOptions } from "./wait.ts";
export {
  type PingEvent,
  type VerifiedWebhook,
  type VerifyOptions,
  WebhookVerificationError,
  webhooks,
} from "./webhooks.ts";
