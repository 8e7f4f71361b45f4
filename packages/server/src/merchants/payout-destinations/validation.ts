import type { BankAccount } from "@tillkeeper/contract/http/bank-accounts";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { PayoutDestinationCreate } from "@tillkeeper/contract/http/payout-destinations";
import { invalidRequest } from "../../platform/errors.ts";
import { isNorwegianOrganizationNumber } from "../organizations/organization-number.ts";

/** Checks what schemas cannot express about a payout destination. Throws `invalid_request`. */
export function checkDestination(destination: PayoutDestinationCreate): void {
  const errors: ErrorDetail[] = [];
  const { organization, individual } = destination;
  const unused = destination.type === "individual" ? "organization" : "individual";
  if (destination[unused]) {
    errors.push({ path: `/body/${unused}`, message: `is not used when type is ${destination.type ?? "company"}` });
  }
  if (organization && (organization.country ?? "NO") === "NO") {
    if (!isNorwegianOrganizationNumber(organization.organization_number)) {
      errors.push({
        path: "/body/organization/organization_number",
        message: "must be nine digits with a valid check digit",
      });
    }
  }
  if (individual?.birth_date !== undefined && !isDate(individual.birth_date)) {
    errors.push({ path: "/body/individual/birth_date", message: "must be a day of the calendar" });
  }
  for (const [index, account] of (destination.bank_accounts ?? []).entries()) {
    const number = account.bank_account_number;
    if (number !== undefined && numberType(account) === "IBAN" && !isIban(number)) {
      errors.push({
        path: `/body/bank_accounts/${index}/bank_account_number`,
        message: "must be an IBAN with valid check digits",
      });
    }
  }
  if (errors.length > 0) throw invalidRequest(...errors);
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** Left out, the type of number follows from the bank's country, as the public client libraries describe it. */
export function numberType(account: BankAccount): "IBAN" | "BBAN" {
  const inNorway = account.bank_account_country_code === "NO";
  return account.bank_account_number_type ?? (inNorway ? "BBAN" : "IBAN");
}

/** ISO 13616: country, two check digits, the rest; letters count from 10, and the remainder by 97 is 1. */
function isIban(text: string): boolean {
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(text)) return false;
  const digits = Array.from(text.slice(4) + text.slice(0, 4), (sign) => Number.parseInt(sign, 36)).join("");
  return BigInt(digits) % 97n === 1n;
}
