/** The actor in the audit log for commands of the server's operator that work on the database without a server. */
export const cliActor = { clientId: "tillkeeper:cli", address: "", requestId: "cli" } as const;
