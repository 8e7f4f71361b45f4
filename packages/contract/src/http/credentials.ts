/** The name of the cookie of a session; with `__Host-` before it where callers reach the server by https. */
export const sessionCookieName = "tillkeeper_session";

interface Credential {
  /** The scheme of HTTP authentication, as in the header `Authorization`; or a cookie. */
  scheme: "bearer" | "basic" | "cookie";
  description: string;
}

/** The credentials of endpoints that take no access token: security schemes in the OpenAPI document. */
export const credentials = {
  client: {
    scheme: "basic",
    description: "The id and a secret of a client, as they are: neither is percent-encoded.",
  },
  device: { scheme: "bearer", description: "The token of a paired device." },
  device_password: { scheme: "basic", description: "The address of a device, and its password or token." },
  transfer: { scheme: "bearer", description: "The token that came to the terminal with the command." },
  bootstrap: { scheme: "bearer", description: "`TILLKEEPER_BOOTSTRAP_TOKEN` of the server." },
  session: {
    scheme: "cookie",
    description: "The cookie of a person's session. It counts only in requests of pages of this server.",
  },
  broker: { scheme: "bearer", description: "`TILLKEEPER_BROKER_SECRET` of the server." },
} as const satisfies Record<string, Credential>;
export type CredentialName = keyof typeof credentials;
