import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import { ApiError } from "../../platform/errors.ts";
import { isNorwegianOrganizationNumber } from "../organizations/organization-number.ts";

/** What schemas cannot say about a store (D2). An organization without a country is Norwegian, as the guide shows it. */
export function checkStore(store: StoreCreate): void {
  const organization = store.organization;
  const number = organization?.organization_number;
  if (number && (organization.country ?? "NO") === "NO" && !isNorwegianOrganizationNumber(number)) {
    throw invalidRequest([
      { path: "/body/organization/organization_number", message: "must be nine digits with a valid check digit" },
    ]);
  }
}

export function invalidRequest(errors: ErrorDetail[]): ApiError {
  return new ApiError("invalid_request", "The request is not valid; see `errors`.", { errors });
}
