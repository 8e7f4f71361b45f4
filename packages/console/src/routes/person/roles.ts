import { useLingui } from "@lingui/react/macro";
import type { Role } from "@tillkeeper/contract/roles";

/** Names of the roles, and what a user with each may do. */
export function useRoleWords(): Readonly<Record<Role, { name: string; may: string }>> {
  const { t } = useLingui();
  return {
    store: { name: t`Store`, may: t`Sees the stores that are named here, closes their days and prints their reports.` },
    operations: {
      name: t`Operator`,
      may: t`Sees all stores and terminals, sets up stores and terminals, closes days and sends operations.`,
    },
    admin: { name: t`Administrator`, may: t`May do everything, also with people, API clients and webhooks.` },
  };
}
