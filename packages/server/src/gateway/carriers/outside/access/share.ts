import { createHmac } from "node:crypto";

/**
 * The name of the shared subscription by which servers share the messages of devices. It is equal for all servers with
 * that password, and cannot be guessed. Some brokers let any client join any share, and count as delivered what they
 * then do not show to that client.
 */
export function shareOf(password: string): string {
  return `tillkeeper-${createHmac("sha256", password).update("share").digest("hex").slice(0, 32)}`;
}
