export type { Operation, OperationCreate } from "@tillkeeper/contract/http/operations";
export type { Store, StoreCreate } from "@tillkeeper/contract/http/stores";
export type { Terminal, TerminalCreate } from "@tillkeeper/contract/http/terminals";
export { type Client, type ClientOptions, createClient } from "./client.ts";
export { type AnswerCode, TillkeeperError } from "./error.ts";
