/** How devices reach their broker, and how an outside one knows who may use what. */
export interface BrokerConfig {
  /** Where devices are told to connect, when that is not where this server does. */
  publicUrl?: string | undefined;
  /** How an outside broker knows who may use what; left out, the operator has seen to it. */
  access?: BrokerAccessName | undefined;
  /** What a broker that asks us shows, and what passwords at Mosquitto and secret client ids are made from. */
  brokerSecret?: string | undefined;
  /** Of the key that signs tokens for a broker which reads rights from them. */
  keyFile?: string | undefined;
  /** Certificates that an outside broker may show. */
  caFile?: string | undefined;
  /** With it the embedded broker listens with TLS. */
  tls?: { certFile: string; keyFile: string } | undefined;
}

const accessNames = ["none", "http", "jwt", "mosquitto"] as const;
type BrokerAccessName = (typeof accessNames)[number];

export const brokerSettings = {
  TILLKEEPER_MQTT_PUBLIC_URL: "Where devices are told to connect, when that is not where this server does.",
  TILLKEEPER_MQTT_CA_FILE:
    "PEM file of the authorities whose certificates an outside broker may show. Default: those of the system.",
  TILLKEEPER_MQTT_CERT_FILE:
    "PEM file of the embedded broker's certificate. With it and its key the broker listens with TLS.",
  TILLKEEPER_MQTT_KEY_FILE: "PEM file of the private key of that certificate.",
  TILLKEEPER_BROKER_ACCESS:
    "How an outside broker knows which device may use what: none, http, jwt or mosquitto; see docs/brokers.md. Default none, which is safe only with rules of your own.",
  TILLKEEPER_BROKER_SECRET:
    "32-256 letters and digits. A broker that asks this server shows it; passwords at Mosquitto, and client ids for jwt, are made from it.",
  TILLKEEPER_BROKER_KEY_FILE:
    "PEM file of the private key, P-256 or Ed25519, that signs tokens for jwt. The broker finds the public half by the file's name without its ending.",
} as const;

interface Reading {
  read: (name: keyof typeof brokerSettings | "MQTT_URL") => string | undefined;
  url: (name: keyof typeof brokerSettings, protocols: string[]) => string | undefined;
  fault: (name: string, message: string) => void;
}

export function readBrokerSettings({ read, url, fault }: Reading): BrokerConfig {
  const tls = { certFile: read("TILLKEEPER_MQTT_CERT_FILE"), keyFile: read("TILLKEEPER_MQTT_KEY_FILE") };
  const config = {
    publicUrl: url("TILLKEEPER_MQTT_PUBLIC_URL", ["mqtt:", "mqtts:", "ws:", "wss:"]),
    access: accessNames.find((known) => known === (read("TILLKEEPER_BROKER_ACCESS") ?? "none")),
    brokerSecret: read("TILLKEEPER_BROKER_SECRET"),
    keyFile: read("TILLKEEPER_BROKER_KEY_FILE"),
    caFile: read("TILLKEEPER_MQTT_CA_FILE"),
    tls: tls.certFile && tls.keyFile ? { certFile: tls.certFile, keyFile: tls.keyFile } : undefined,
  };
  if (!config.tls && tls.certFile) fault("TILLKEEPER_MQTT_KEY_FILE", "is needed with the certificate.");
  if (!config.tls && tls.keyFile) fault("TILLKEEPER_MQTT_CERT_FILE", "is needed with the key.");
  // It stands in a path as it is.
  if (config.brokerSecret !== undefined && !/^[\w.~-]{32,256}$/.test(config.brokerSecret)) {
    fault("TILLKEEPER_BROKER_SECRET", "must be 32-256 letters, digits, or any of . _ ~ -");
  }
  refuseIncomplete(config, read("MQTT_URL"), fault);
  return config;
}

function refuseIncomplete(
  { access, brokerSecret, keyFile, tls }: BrokerConfig,
  outsideUrl: string | undefined,
  fault: Reading["fault"],
): void {
  if (tls && outsideUrl !== undefined)
    fault("TILLKEEPER_MQTT_CERT_FILE", "is for the embedded broker, not for MQTT_URL.");
  if (!access) fault("TILLKEEPER_BROKER_ACCESS", `must be one of ${accessNames.join(", ")}.`);
  if (!access || access === "none") return;
  if (outsideUrl === undefined) fault("TILLKEEPER_BROKER_ACCESS", "is for an outside broker: MQTT_URL is needed, too.");
  if (brokerSecret === undefined) fault("TILLKEEPER_BROKER_SECRET", `is needed for ${access}.`);
  if (access === "jwt" && keyFile === undefined) fault("TILLKEEPER_BROKER_KEY_FILE", "is needed for jwt.");
}
