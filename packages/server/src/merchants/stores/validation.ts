import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import { invalidRequest } from "../../platform/errors.ts";
import { isNorwegianOrganizationNumber } from "../organizations/organization-number.ts";

/**
 * Checks what schemas cannot express about a store (D2). An organization without a country is Norwegian, as in the
 * guide. Throws `invalid_request`.
 */
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
