import { topic } from "@tillkeeper/contract/mqtt";
import { addressOf } from "../terminal-set.ts";

const at = new Date(0).toISOString();
const operationId = "00000000-0000-7000-8000-000000000000";

/** As long as a command and a result of `open_menu`; what they say does not matter here. */
export const request = JSON.stringify({
  operation_id: operationId,
  operation: "open_menu",
  parameters: {},
  created_at: at,
  expires_at: at,
  sent_at: at,
});
export const answer = JSON.stringify({
  operation_id: operationId,
  operation: "open_menu",
  status: "COMPLETED",
  finished_at: at,
  result: { opened: true },
});

export const requestTopic = (client: number): string => topic(addressOf(client), "command");
export const answerTopic = (client: number): string => topic(addressOf(client), "result");
