import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { Organization, StoreCreate } from "@tillkeeper/contract/http/stores";
import { inBusiness } from "../organizations/in-business.ts";
import type { OrganizationRegister, RegisteredUnit } from "../organizations/register.ts";
import type { StoreDestination } from "../payout-destinations/for-stores.ts";
import { ApiError } from "../platform/errors.ts";

/** What a payout destination or the register fills in by itself, so that the caller may not (D3). */
const ownedFields = ["address", "phone_number", "email", "website"] as const;
const numberPath = "/body/organization/organization_number";

/** A store's details as they will be stored, and whether all of them were checked by somebody else. */
export type StoreDetails = Omit<StoreCreate, "store_id" | "payout_destination"> & { verified: boolean };

/**
 * Asks the register about the store's organization, if it is another one than the destination's: then it has to be a
 * sub-unit. Throws `payout_destination_rules`, `organization_not_registered`, `organization_dissolved`,
 * `register_unavailable`. It may take seconds, so no transaction should be open.
 */
export async function lookUpSubUnit(
  register: OrganizationRegister,
  destination: StoreDestination,
  store: StoreCreate,
): Promise<RegisteredUnit | undefined> {
  const number = store.organization?.organization_number;
  refuse([...ownedFieldErrors(store), ...organizationErrors(destination, store.organization)]);
  if (number === undefined || isOwn(destination, number)) return undefined;
  const found = await register.findSubUnit(number).catch((error: unknown) => {
    throw error instanceof ApiError ? withPlace(error) : error;
  });
  return inBusiness(found, numberPath);
}

/**
 * The details of a store that is tied to a payout destination: the source's are taken over, and what the caller says of
 * its own beside them leaves the store unverified. Throws `payout_destination_rules`.
 */
export function detailsFrom(
  destination: StoreDestination,
  unit: RegisteredUnit | undefined,
  store: StoreCreate,
): StoreDetails {
  const number = store.organization?.organization_number;
  const needsUnit = number !== undefined && !isOwn(destination, number);
  if (needsUnit && (!unit || unit.parentNumber !== destination.organization?.organization_number)) {
    refuse([{ path: numberPath, message: `${mustEqual}, or be one of its sub-units in the public register` }]);
  }
  const source = needsUnit && unit ? unit : destination;
  const organization = needsUnit && unit ? organizationOf(unit) : (destination.organization ?? {});
  const shown = { ...organization, ...store.organization };
  return {
    ...(Object.keys(shown).length > 0 && { organization: shown }),
    ...(store.store_name !== undefined && { store_name: store.store_name }),
    ...(store.coordinates && { coordinates: store.coordinates }),
    ...(source.address && { address: source.address }),
    ...(source.phoneNumber !== null && { phone_number: source.phoneNumber }),
    ...(source.email !== null && { email: source.email }),
    ...(source.website !== null && { website: source.website }),
    verified: confirms(organization, store),
  };
}

function organizationOf(unit: RegisteredUnit): Organization {
  return { organization_number: unit.organizationNumber, country: "NO", type: "sub_unit", name: unit.name };
}

/** Left out, an organization is a Norwegian main unit, in requests and in what destinations hold. */
const unsaid: Organization = { country: "NO", type: "main_unit" };

/** Whether everything that the caller says is also what the source says. */
function confirms(source: Organization, store: StoreCreate): boolean {
  const known: Organization = { ...unsaid, ...source };
  const fields = Object.keys(store.organization ?? {}) as (keyof Organization)[];
  const names = [source.name, source.trade_name];
  return (
    fields.every((field) => store.organization?.[field] === known[field]) &&
    (store.store_name === undefined || names.includes(store.store_name)) &&
    store.coordinates === undefined
  );
}

function isOwn(destination: StoreDestination, number: string): boolean {
  return destination.organization?.organization_number === number;
}

const mustEqual = "must equal the organization number of the payout destination";

function ownedFieldErrors(store: StoreCreate): ErrorDetail[] {
  return ownedFields
    .filter((field) => store[field] !== undefined)
    .map((field) => ({ path: `/body/${field}`, message: "is filled in by the payout destination" }));
}

/** What is wrong without asking a register: another country, or another organization that cannot be a sub-unit. */
function organizationErrors(destination: StoreDestination, organization: Organization | undefined): ErrorDetail[] {
  const theirs = { ...unsaid, ...destination.organization };
  const ours = { ...unsaid, ...organization };
  if (ours.organization_number === undefined) return [];
  if (isOwn(destination, ours.organization_number)) {
    return ours.country === theirs.country
      ? []
      : [{ path: "/body/organization/country", message: "must equal the country of the payout destination" }];
  }
  const mayBeSubUnit =
    theirs.organization_number !== undefined &&
    theirs.country === "NO" &&
    ours.country === "NO" &&
    organization?.type !== "main_unit";
  return mayBeSubUnit ? [] : [{ path: numberPath, message: mustEqual }];
}

function refuse(errors: ErrorDetail[]): void {
  if (errors.length === 0) return;
  throw new ApiError("payout_destination_rules", "The store's details belong to its payout destination.", { errors });
}

/** The register does not know where in the request its number came from. */
function withPlace(error: ApiError): ApiError {
  const errors = [{ path: numberPath, message: "could not be looked up in the public register" }];
  const { code, message, retryAfterSeconds, cause } = error;
  return new ApiError(code, message, { errors, retryAfterSeconds, cause });
}

/** The columns that hold a store's details. */
export function columnsOf(details: StoreDetails) {
  const json = (value: object | undefined) => (value ? JSON.stringify(value) : null);
  return {
    verified: details.verified,
    organization: json(details.organization),
    store_name: details.store_name ?? null,
    email: details.email ?? null,
    phone_number: details.phone_number ?? null,
    address: json(details.address),
    coordinates: json(details.coordinates),
    website: details.website ?? null,
  };
}
