import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";

/** The API's answer to a request for a terminal's credential. */
export interface IssuedCredential {
  terminal_id: string;
  address: string;
  mqtt_url: string;
  username: string;
  password: string;
  client_id: string;
}

/** Connects a plain MQTT client with a terminal's credential; `more` overrides its options. */
export async function enter(
  { mqtt_url, username, password, client_id: clientId }: Omit<IssuedCredential, "terminal_id" | "address">,
  more: Partial<IClientOptions> = {},
): Promise<MqttClient> {
  const options = {
    username,
    password,
    clientId,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: 5_000,
  } as const;
  const client = await connectAsync(mqtt_url, { ...options, ...more }, false);
  // Each pending request of a test adds a listener for the end of the connection.
  client.setMaxListeners(0);
  return client;
}

/**
 * Resolves with true when the broker grants the subscription, and with false when it refuses it or closes the
 * connection.
 */
export function granted(client: MqttClient, filter: string): Promise<boolean> {
  return new Promise((resolve) => {
    client.once("close", () => resolve(false));
    client.subscribeAsync(filter, { qos: 1 }).then(
      (grants) => resolve(grants.every(({ qos }) => qos <= 2)),
      () => resolve(false),
    );
  });
}

/**
 * Publishes a message, and waits until the broker acknowledges it or closes the connection. A PUBACK does not prove
 * that the broker accepted the message.
 */
export function utter(client: MqttClient, topic: string, message: object): Promise<void> {
  return new Promise((resolve) => {
    client.once("close", () => resolve());
    client.publish(topic, JSON.stringify(message), { qos: 1 }, () => resolve());
  });
}
