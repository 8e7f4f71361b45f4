import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";

/** What the API answers when a terminal gets a credential. */
export interface IssuedCredential {
  terminal_id: string;
  mqtt_url: string;
  username: string;
  password: string;
  client_id: string;
}

/** A plain MQTT client with a terminal's credential, and whatever else a test wants of it. */
export function enter(
  { mqtt_url, username, password, client_id: clientId }: IssuedCredential,
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
  return connectAsync(mqtt_url, { ...options, ...more }, false);
}

/** Whether the broker granted it. One that ends the connection instead has not. */
export async function granted(client: MqttClient, filter: string): Promise<boolean> {
  const ended = new Promise<false>((resolve) => void client.once("close", () => resolve(false)));
  const asked = client.subscribeAsync(filter, { qos: 1 }).then(
    (grants) => grants.every(({ qos }) => qos <= 2),
    () => false,
  );
  return Promise.race([asked, ended]);
}

/** Says it, and waits until the broker has acknowledged it or ended the connection; a PUBACK proves nothing. */
export async function utter(client: MqttClient, topic: string, message: object): Promise<void> {
  const ended = new Promise<void>((resolve) => void client.once("close", () => resolve()));
  const said = client.publishAsync(topic, JSON.stringify(message), { qos: 1 }).then(
    () => undefined,
    () => undefined,
  );
  await Promise.race([said, ended]);
}
