import type { Values } from "./settings.ts";

/** How devices reach their broker, and how an outside one knows who may use what. */
export interface BrokerConfig {
  /** Where devices are told to connect, when that is not where this server does. */
  publicUrl?: string | undefined;
  /** How an outside broker knows who may use what; left out, the operator has seen to it. */
  access?: Values["TILLKEEPER_BROKER_ACCESS"] | undefined;
  /** What a broker that asks us shows, and what passwords at Mosquitto and secret client ids are made from. */
  brokerSecret?: string | undefined;
  /** Of the key that signs tokens for a broker which reads rights from them. */
  keyFile?: string | undefined;
  /** Certificates that an outside broker may show. */
  caFile?: string | undefined;
  /** With it the embedded broker listens with TLS. */
  tls?: { certFile: string; keyFile: string } | undefined;
}

type Fault = (name: keyof Values, message: string) => void;

/** What the settings of brokers mean together. */
export function brokerConfig(values: Values, fault: Fault): BrokerConfig {
  const { TILLKEEPER_MQTT_CERT_FILE: certFile, TILLKEEPER_MQTT_KEY_FILE: keyFile } = values;
  if (certFile && !keyFile) fault("TILLKEEPER_MQTT_KEY_FILE", "is needed with the certificate.");
  if (keyFile && !certFile) fault("TILLKEEPER_MQTT_CERT_FILE", "is needed with the key.");
  if (certFile && keyFile && values.MQTT_URL !== undefined) {
    fault("TILLKEEPER_MQTT_CERT_FILE", "is for the embedded broker, not for MQTT_URL.");
  }
  refuseIncompleteAccess(values, fault);
  return {
    publicUrl: values.TILLKEEPER_MQTT_PUBLIC_URL,
    access: values.TILLKEEPER_BROKER_ACCESS,
    brokerSecret: values.TILLKEEPER_BROKER_SECRET,
    keyFile: values.TILLKEEPER_BROKER_KEY_FILE,
    caFile: values.TILLKEEPER_MQTT_CA_FILE,
    tls: certFile && keyFile ? { certFile, keyFile } : undefined,
  };
}

function refuseIncompleteAccess(values: Values, fault: Fault): void {
  const access = values.TILLKEEPER_BROKER_ACCESS;
  if (access === "none") return;
  if (values.MQTT_URL === undefined) {
    fault("TILLKEEPER_BROKER_ACCESS", "is for an outside broker: MQTT_URL is needed, too.");
  }
  if (values.TILLKEEPER_BROKER_SECRET === undefined) fault("TILLKEEPER_BROKER_SECRET", `is needed for ${access}.`);
  if (access === "jwt" && values.TILLKEEPER_BROKER_KEY_FILE === undefined) {
    fault("TILLKEEPER_BROKER_KEY_FILE", "is needed for jwt.");
  }
}
