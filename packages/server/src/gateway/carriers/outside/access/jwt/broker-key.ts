import { createPrivateKey, type KeyObject } from "node:crypto";
import { basename, extname } from "node:path";
import { readConfigured } from "../../../../../platform/folders/configured-file.ts";
import { StartupError } from "../../../../../platform/startup-error.ts";

/** What tokens for a broker are signed with. The broker has the public half. */
export interface BrokerKey {
  /** The name of its file without the ending, by which the broker finds the public half. */
  kid: string;
  alg: "ES256" | "EdDSA";
  key: KeyObject;
}

const setting = "TILLKEEPER_BROKER_KEY_FILE";

/** Throws `StartupError` for a file that holds no private key of one of the two kinds. */
export function readBrokerKey(path: string): BrokerKey {
  const pem = readConfigured(setting, path);
  const key = parsed(pem, path);
  const alg = algorithmOf(key);
  if (!alg) throw new StartupError(`The key in ${path} (${setting}) must be of the curve P-256 or Ed25519.`);
  return { kid: basename(path, extname(path)), alg, key };
}

function parsed(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new StartupError(`The file ${path} (${setting}) holds no private key in PEM.`, { cause: error });
  }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): BrokerKey["alg"] | undefined {
  if (asymmetricKeyType === "ed25519") return "EdDSA";
  return asymmetricKeyDetails?.namedCurve === "prime256v1" ? "ES256" : undefined;
}
