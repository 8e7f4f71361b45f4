/** Settings of the command line as a client of a server. A server in the same environment ignores them. */
export const clientSettings = {
  TILLKEEPER_URL: "Where the server answers.",
  TILLKEEPER_CLIENT_ID: "The client that asks.",
  TILLKEEPER_CLIENT_SECRET: "Its secret.",
  TILLKEEPER_ACCOUNT: "The account that it asks for.",
} as const;

/** Further ones, which count alone. */
export const furtherClientSettings = {
  TILLKEEPER_PROFILE: "The server that `tillkeeper login` knows by this name.",
  TILLKEEPER_LISTEN_SECRET: "The secret by which `tillkeeper listen` signs.",
} as const;
