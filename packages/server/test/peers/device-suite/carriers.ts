import type { MqttVersion } from "@tillkeeper/agent/links/mqtt-version";
import type { BrokerOptions, TestBroker } from "@tillkeeper/stage/brokers/broker";
import { deviceBrokers } from "@tillkeeper/stage/brokers/brokers";

interface Carrier {
  broker: keyof typeof deviceBrokers;
  transport: "mqtt" | "https";
  /** The newest protocol level of MQTT that the broker supports. */
  newest: 4 | 5;
  /** The broker checks only the rights in the token, and neither the user name nor the client id. */
  byTokenAlone?: true;
  /** The version of MQTT in the programs' arguments. Without it the programs negotiate the version. */
  told?: Exclude<MqttVersion, "auto">;
}

/** The ways in which messages travel between terminals and a server. */
export const carriers = {
  embedded: { broker: "embedded", transport: "mqtt", newest: 4 },
  mosquitto: { broker: "mosquitto", transport: "mqtt", newest: 5 },
  "mosquitto-311": { broker: "mosquitto", transport: "mqtt", newest: 5, told: "3.1.1" },
  rabbitmq: { broker: "rabbitmq", transport: "mqtt", newest: 4 },
  "rabbitmq-jwt": { broker: "rabbitmq-jwt", transport: "mqtt", newest: 4, byTokenAlone: true },
  https: { broker: "embedded", transport: "https", newest: 4 },
} satisfies Record<string, Carrier>;
export type CarrierName = keyof typeof carriers;

export const carrierOf = (name: CarrierName): Carrier => carriers[name];
/** Returns the protocol level that a program with all versions uses with this carrier. */
export const levelOf = (name: CarrierName): 4 | 5 => (carrierOf(name).told === "3.1.1" ? 4 : carrierOf(name).newest);

/** Makes the broker of a carrier; resolves with undefined for the embedded one. */
export const brokerOf = (name: CarrierName, options: BrokerOptions): Promise<TestBroker | undefined> =>
  deviceBrokers[carriers[name].broker](options);
