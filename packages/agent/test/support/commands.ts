import { randomUUID } from "node:crypto";
import type { CommandMessage } from "@tillkeeper/contract/mqtt/messages";

/** A command made `now` (epoch milliseconds, the server's time) that may be begun for `windowMs`. */
export function command(now: number, overrides: Partial<CommandMessage> = {}, windowMs = 15_000): CommandMessage {
  const id = randomUUID();
  return {
    operation_id: id,
    operation: "open_menu",
    parameters: {},
    created_at: new Date(now).toISOString(),
    expires_at: new Date(now + windowMs).toISOString(),
    sent_at: new Date(now).toISOString(),
    origin: { request: `request-${id}`, signed: `signed-${id}` },
    ...overrides,
  };
}
