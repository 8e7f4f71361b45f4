import { createHmac } from "node:crypto";

/**
 * The name by which servers share what devices say: the same for all servers with that password, and known to nobody
 * else. Some brokers let anybody into any share, and count as delivered what they then do not show.
 */
export function shareOf(password: string): string {
  return `tillkeeper-${createHmac("sha256", password).update("share").digest("hex").slice(0, 32)}`;
}
