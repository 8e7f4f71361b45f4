import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import { isNorwegianOrganizationNumber } from "../organizations/organization-number.ts";
import { invalidRequest } from "../platform/errors.ts";

/** What schemas cannot say about a store (D2). An organization without a country is Norwegian, as the guide shows it. */
export function checkStore(store: StoreCreate): void {
  const organization = store.organization;
  const number = organization?.organization_number;
  if (number && (organization.country ?? "NO") === "NO" && !isNorwegianOrganizationNumber(number)) {
    throw invalidRequest({
      path: "/body/organization/organization_number",
      message: "must be nine digits with a valid check digit",
    });
  }
}
