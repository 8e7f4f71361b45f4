/**
 * The OAuth 2 scopes that this server grants. An endpoint lists the scopes it accepts; any one of them suffices.
 * A plain `write:checkout` does not imply its path forms: scopes are compared as whole words.
 */
export const scopes = [
  "admin:accounts",
  "read:accounts",
  "write:accounts",
  "admin:checkout",
  "read:checkout",
  "write:checkout",
  "read:checkout:/admin/terminals",
  "write:checkout:/admin/terminals",
] as const;
export type Scope = (typeof scopes)[number];

export const readAccounts = ["admin:accounts", "read:accounts"] as const satisfies readonly Scope[];
export const writeAccounts = ["admin:accounts", "write:accounts"] as const satisfies readonly Scope[];
export const readOperations = ["admin:checkout", "read:checkout:/admin/terminals"] as const satisfies readonly Scope[];
export const writeOperations = [
  "admin:checkout",
  "write:checkout:/admin/terminals",
] as const satisfies readonly Scope[];
