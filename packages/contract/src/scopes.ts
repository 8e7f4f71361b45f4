/**
 * The OAuth 2 scopes that this server grants. An endpoint lists the scopes it accepts; any one of them suffices.
 * A plain `write:checkout` does not imply its path forms: scopes are compared as whole words.
 */
export const scopes = [
  "admin:accounts",
  "read:accounts",
  "write:accounts",
  "write:accounts:/management/settings/approvals",
  "admin:checkout",
  "read:checkout",
  "write:checkout",
  "read:checkout:/admin/terminals",
  "write:checkout:/admin/terminals",
  "read:checkout:/admin/terminals/logs",
  "admin:hooks",
  "read:hooks",
  "write:hooks",
] as const;
export type Scope = (typeof scopes)[number];

export const readAccounts = ["admin:accounts", "read:accounts"] as const satisfies readonly Scope[];
export const writeAccounts = ["admin:accounts", "write:accounts"] as const satisfies readonly Scope[];
export const readOperations = ["admin:checkout", "read:checkout:/admin/terminals"] as const satisfies readonly Scope[];
export const writeOperations = [
  "admin:checkout",
  "write:checkout:/admin/terminals",
] as const satisfies readonly Scope[];

/** To read logs. It is a scope of its own, because a log may hold more than a client that sends operations should see. */
export const readLogs = ["admin:checkout", "read:checkout:/admin/terminals/logs"] as const satisfies readonly Scope[];

export const readHooks = ["admin:hooks", "read:hooks"] as const satisfies readonly Scope[];
export const writeHooks = ["admin:hooks", "write:hooks"] as const satisfies readonly Scope[];

/** To change clients and grants; reading them takes `readAccounts`. The public reference does not name these scopes. */
export const writeClients = ["admin:accounts"] as const satisfies readonly Scope[];

/** The scopes of an account's first client: each `admin:{service}`, which covers its whole service. */
export const adminScopes: readonly Scope[] = scopes.filter((scope) => /^admin:[^:]+$/.test(scope));

/** The scopes that an endpoint accepts, as its description says them; of two lists a token needs one of each. */
export function scopesInWords(accepted: readonly Scope[], also: readonly Scope[] = []): string {
  return [accepted, also]
    .filter((list) => list.length > 0)
    .map((list) => list.join(" or "))
    .join(", and ");
}

/** Whether the scopes `held` cover `scope`: they contain it, or `admin:{service}`, which covers its whole service. */
export function coversScope(held: ReadonlySet<string>, scope: string): boolean {
  return held.has(scope) || held.has(`admin:${scope.split(":")[1]}`);
}
