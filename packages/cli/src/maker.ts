/** The actor in the audit log of what the server's operator does in the database itself. */
export const localMaker = { clientId: "tillkeeper:cli", address: "", requestId: "cli" } as const;
