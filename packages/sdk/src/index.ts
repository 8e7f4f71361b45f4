export type { Configuration, TerminalConfiguration } from "@tillkeeper/contract/http/configurations";
export type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
export type { Store, StoreCreate, StoreListItem } from "@tillkeeper/contract/http/stores";
export type { Terminal, TerminalCreate } from "@tillkeeper/contract/http/terminals";
export { type Client, type ClientOptions, createClient } from "./client.ts";
export { type AnswerCode, TillkeeperError } from "./error.ts";
export type { Answer, CallOptions, IdempotentCallOptions, ListMethod, Method } from "./method-types.ts";
export type { WaitOptions } from "./wait.ts";
