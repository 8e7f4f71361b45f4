import type { Values } from "./settings.ts";

/** How devices reach their broker, and how an outside broker authorizes them. */
export interface BrokerConfig {
  /** Address that devices are told to connect to, where it differs from this server's. */
  publicUrl?: string | undefined;
  /** How an outside broker authorizes devices; left out, the operator has set up its rules. */
  access?: Values["TILLKEEPER_BROKER_ACCESS"] | undefined;
  /**
   * Secret that a broker shows in its requests to the server. Passwords at Mosquitto and secret client ids are derived
   * from it, too.
   */
  brokerSecret?: string | undefined;
  /** File of the key that signs the tokens from which a broker reads a device's rights. */
  keyFile?: string | undefined;
  /** File of the authorities whose certificates an outside broker may show. */
  caFile?: string | undefined;
  /** Files of the certificate and key with which the embedded broker listens with TLS. */
  tls?: { certFile: string; keyFile: string } | undefined;
}

type ReportFault = (name: keyof Values, message: string) => void;

/** Checks the broker settings together and builds their configuration. Reports faults by `fault`. */
export function brokerConfig(values: Values, fault: ReportFault): BrokerConfig {
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

function refuseIncompleteAccess(values: Values, fault: ReportFault): void {
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
