import type { TestBroker } from "../../support/broker-process.ts";
import { type BrokerKind, brokerKinds } from "../../support/brokers.ts";

/** Every way that messages travel between terminals and a server. */
export const carriers = {
  embedded: { broker: "embedded", transport: "mqtt" },
  mosquitto: { broker: "mosquitto", transport: "mqtt" },
  rabbitmq: { broker: "rabbitmq", transport: "mqtt" },
  nats: { broker: "nats", transport: "mqtt" },
  https: { broker: "embedded", transport: "https" },
} satisfies Record<string, { broker: BrokerKind; transport: "mqtt" | "https" }>;
export type CarrierName = keyof typeof carriers;

export const brokerOf = (name: CarrierName): Promise<TestBroker | undefined> => brokerKinds[carriers[name].broker]();
