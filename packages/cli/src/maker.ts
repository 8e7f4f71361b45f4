/** Who the audit log names for what is done in the database itself, by whoever runs the server. */
export const localMaker = { clientId: "tillkeeper:cli", address: "", requestId: "cli" } as const;
