import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";

/** What the API answers when a terminal gets a credential. */
export interface IssuedCredential {
  terminal_id: string;
  address: string;
  mqtt_url: string;
  username: string;
  password: string;
  client_id: string;
}

/** A plain MQTT client with a terminal's credential, and whatever else a test wants of it. */
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
  // Everything that is asked of it waits for its end, too.
  client.setMaxListeners(0);
  return client;
}

/** Whether the broker granted it. One that ends the connection instead has not. */
export function granted(client: MqttClient, filter: string): Promise<boolean> {
  return new Promise((resolve) => {
    client.once("close", () => resolve(false));
    client.subscribeAsync(filter, { qos: 1 }).then(
      (grants) => resolve(grants.every(({ qos }) => qos <= 2)),
      () => resolve(false),
    );
  });
}

/** Says it, and waits until the broker has acknowledged it or ended the connection; a PUBACK proves nothing. */
export function utter(client: MqttClient, topic: string, message: object): Promise<void> {
  return new Promise((resolve) => {
    client.once("close", () => resolve());
    client.publish(topic, JSON.stringify(message), { qos: 1 }, () => resolve());
  });
}
