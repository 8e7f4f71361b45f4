import { randomBytes } from "node:crypto";
import { topic } from "@tillkeeper/contract/mqtt/topics";
import { createOrigins } from "@tillkeeper/server/operations/reports/origin";
import { clientId } from "../parts/seed.ts";
import { accountId, addressOf, terminalId } from "../parts/terminal-set.ts";

const time = new Date(0);
const at = time.toISOString();
const operationId = "00000000-0000-7000-8000-000000000000";
const operation = "open_menu";

/** The signed `origin` of the command, which a result carries back. It makes up more than half of both messages. */
const origin = createOrigins(randomBytes(32)).of({
  accountId,
  operationId,
  terminalId: terminalId(0),
  operation,
  parameters: {},
  whenBusy: null,
  createdAt: time,
  deadline: time,
  address: addressOf(0),
  previousClose: null,
  request: { clientId, requestKey: null, requestSha256: null },
});

/** Payloads as long as a command and a result of `open_menu`; their content is not used. */
export const request = JSON.stringify({
  operation_id: operationId,
  operation,
  parameters: {},
  created_at: at,
  expires_at: at,
  sent_at: at,
  origin,
});
export const answer = JSON.stringify({
  operation_id: operationId,
  operation,
  status: "COMPLETED",
  started_at: at,
  finished_at: at,
  result: { opened: true },
  origin,
  number: 100,
});

export const requestTopic = (client: number): string => topic(addressOf(client), "command");
export const answerTopic = (client: number): string => topic(addressOf(client), "result");
