import { connectAsync } from "mqtt";
import type { BrokerAddress } from "./access.ts";

const connectTimeoutMs = 5_000;

/**
 * Ends the device's connection by MQTT's own rule: a second connection with a client id ends the first. So it works at
 * any broker, wherever in a cluster the device is connected, as long as devices connect with their address as client id.
 */
export async function kick({ url, ca }: BrokerAddress, address: string): Promise<void> {
  const options = { protocolVersion: 4, clientId: address, clean: true, reconnectPeriod: 0 } as const;
  const client = await connectAsync(url, { ...options, connectTimeout: connectTimeoutMs, ...(ca && { ca }) }, false);
  await client.endAsync();
}
