import { connectAsync } from "mqtt";
import type { BrokerAddress } from "./access.ts";

const connectTimeoutMs = 5_000;

/**
 * Ends a device's connection by MQTT's own rule: a second connection with a client id ends the first (MQTT-3.1.4-2).
 * This works at any broker, at any node of a cluster, as long as the client id is known. `user` replaces the login in
 * the broker's URL. Rejects when the broker cannot be reached or refuses the connection.
 */
export async function kick(
  { url, ca }: BrokerAddress,
  clientId: string,
  user?: { username: string; password: string },
): Promise<void> {
  const target = new URL(url);
  // With the `mqtt` client, the user name in a URL takes precedence over the options.
  if (user) target.username = target.password = "";
  const options = { protocolVersion: 4, clientId, clean: true, reconnectPeriod: 0, ...user } as const;
  const trust = ca === undefined ? {} : { ca };
  const client = await connectAsync(target.href, { ...options, connectTimeout: connectTimeoutMs, ...trust }, false);
  await client.endAsync();
}
