import { randomUUID } from "node:crypto";
import type { CommandMessage } from "@tillkeeper/contract/mqtt";

/** A command made `now` (epoch milliseconds, the server's time) that may be begun for `windowMs`. */
export function command(now: number, overrides: Partial<CommandMessage> = {}, windowMs = 15_000): CommandMessage {
  return {
    operation_id: randomUUID(),
    operation: "open_menu",
    parameters: {},
    created_at: new Date(now).toISOString(),
    expires_at: new Date(now + windowMs).toISOString(),
    sent_at: new Date(now).toISOString(),
    ...overrides,
  };
}
