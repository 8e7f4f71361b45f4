import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import { ApiError } from "../platform/errors.ts";

const weights = [3, 2, 7, 6, 5, 4, 3, 2];

/**
 * Norwegian organization numbers: nine digits, the last a mod-11 check digit over the weights 3 2 7 6 5 4 3 2; a
 * remainder that would need the digit 10 is never issued. Source: Brønnøysund Register Centre's description.
 */
export function isNorwegianOrganizationNumber(text: string): boolean {
  if (!/^\d{9}$/.test(text)) return false;
  const digits = Array.from(text, Number);
  const sum = weights.reduce((total, weight, index) => total + weight * (digits[index] as number), 0);
  const check = (11 - (sum % 11)) % 11;
  return check === digits[8];
}

/** What schemas cannot say about a store (D2). An organization without a country is Norwegian, as the guide shows it. */
export function checkStore(store: StoreCreate): void {
  const errors: ErrorDetail[] = [];
  const organization = store.organization;
  const number = organization?.organization_number;
  if (number && (organization.country ?? "NO") === "NO" && !isNorwegianOrganizationNumber(number)) {
    errors.push({
      path: "/body/organization/organization_number",
      message: "must be nine digits with a valid check digit",
    });
  }
  if (errors.length > 0) throw new ApiError("invalid_request", "The request is not valid; see `errors`.", { errors });
}
