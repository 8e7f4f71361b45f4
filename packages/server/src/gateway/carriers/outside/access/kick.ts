import { connectAsync } from "mqtt";
import type { BrokerAddress } from "./access.ts";

const connectTimeoutMs = 5_000;

/**
 * Ends the device's connection by MQTT's own rule: a second connection with a client id ends the first. So it works at
 * any broker, wherever in a cluster the device is connected, as long as it is known by which client id.
 * `user` takes the place of whom the broker's address names.
 */
export async function kick(
  { url, ca }: BrokerAddress,
  clientId: string,
  user?: { username: string; password: string },
): Promise<void> {
  const place = new URL(url);
  // What stands in an address counts more with the client than what is beside it.
  if (user) place.username = place.password = "";
  const options = { protocolVersion: 4, clientId, clean: true, reconnectPeriod: 0, ...user } as const;
  const trust = ca === undefined ? {} : { ca };
  const client = await connectAsync(place.href, { ...options, connectTimeout: connectTimeoutMs, ...trust }, false);
  await client.endAsync();
}
