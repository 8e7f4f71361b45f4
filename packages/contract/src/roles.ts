import { adminScopes, type Scope } from "./scopes.ts";

/** The roles that a person can have in an account (D34). */
export const roles = ["store", "operations", "admin"] as const;
export type Role = (typeof roles)[number];

/**
 * The scopes of each role: what a person who is signed in may do, said in the same words as of clients. The role `store` sees and
 * changes the stores that its user names and nothing else; that limit is kept by the database (docs/adr/0046-limit-to-stores.md).
 */
export const roleScopes: Readonly<Record<Role, readonly Scope[]>> = {
  store: ["read:accounts", "read:checkout:/admin/terminals", "write:checkout:/admin/terminals"],
  operations: [
    "read:accounts",
    "write:accounts",
    "read:checkout",
    "write:checkout",
    "read:checkout:/admin/terminals",
    "write:checkout:/admin/terminals",
    "read:checkout:/admin/terminals/logs",
    "read:hooks",
  ],
  admin: adminScopes,
};
