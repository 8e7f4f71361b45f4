interface Credential {
  /** The scheme of HTTP authentication, as in the header `Authorization`. */
  scheme: "bearer" | "basic";
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
  broker: { scheme: "bearer", description: "`TILLKEEPER_BROKER_SECRET` of the server." },
} as const satisfies Record<string, Credential>;
export type CredentialName = keyof typeof credentials;
