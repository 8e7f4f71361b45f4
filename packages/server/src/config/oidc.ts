import { isLoopback } from "../platform/loopback.ts";
import type { SettingName, Values } from "./settings.ts";

/** A provider of OpenID Connect at which people sign in. */
export interface OidcConfig {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** What people call it. */
  name: string;
}

/** Checks the settings of the provider together. Undefined: there is none. */
export function oidcConfig(
  values: Values,
  fault: (name: SettingName, message: string) => void,
): OidcConfig | undefined {
  const {
    TILLKEEPER_OIDC_ISSUER: issuer,
    TILLKEEPER_OIDC_CLIENT_ID: clientId,
    TILLKEEPER_OIDC_CLIENT_SECRET: clientSecret,
    TILLKEEPER_OIDC_NAME: name,
  } = values;
  if (issuer === undefined) {
    const given = {
      TILLKEEPER_OIDC_CLIENT_ID: clientId,
      TILLKEEPER_OIDC_CLIENT_SECRET: clientSecret,
      TILLKEEPER_OIDC_NAME: name,
    };
    for (const [setting, value] of Object.entries(given)) {
      if (value !== undefined)
        fault(setting as SettingName, "is for a provider: TILLKEEPER_OIDC_ISSUER is needed, too.");
    }
    return undefined;
  }
  if (clientId === undefined) fault("TILLKEEPER_OIDC_CLIENT_ID", "is needed with the provider.");
  if (clientSecret === undefined) fault("TILLKEEPER_OIDC_CLIENT_SECRET", "is needed with the provider.");
  const address = URL.parse(issuer);
  if (address?.protocol === "http:" && !isLoopback(address.hostname.replaceAll(/[[\]]/g, ""))) {
    fault("TILLKEEPER_OIDC_ISSUER", "must begin with https://: the secret and the tokens are sent there.");
  }
  if (clientId === undefined || clientSecret === undefined) return undefined;
  return { issuer, clientId, clientSecret, name: name ?? address?.host ?? issuer };
}
