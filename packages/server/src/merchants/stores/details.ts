import { isDeepStrictEqual } from "node:util";
import type { ErrorDetail } from "@tillkeeper/contract/http/errors";
import type { Organization, StoreCreate } from "@tillkeeper/contract/http/stores";
import { ApiError } from "../../platform/errors.ts";
import { requireInBusiness } from "../organizations/in-business.ts";
import type { OrganizationRegister, RegisteredUnit } from "../organizations/register.ts";
import type { StoreDestination } from "../payout-destinations/for-stores.ts";
import type { StoreRow } from "./queries.ts";

/** Fields that a payout destination or the register fills in, so that the caller may not (D3). */
const ownedFields = ["address", "phone_number", "email", "website"] as const;
const detailFields = ["organization", "store_name", "coordinates", ...ownedFields] as const;
const numberPath = "/body/organization/organization_number";

/** A store's details to be stored. `verified`: all of them come from a destination or a register. */
export type StoreDetails = Omit<StoreCreate, "store_id" | "payout_destination"> & { verified: boolean };

/**
 * Looks the store's organization up in the register, if it differs from the destination's: then it must be a sub-unit.
 * It may take seconds, so no transaction should be open. Throws `payout_destination_rules`,
 * `organization_not_registered`, `organization_dissolved`, `register_unavailable`.
 */
export async function lookUpSubUnit(
  register: OrganizationRegister,
  destination: StoreDestination,
  store: StoreCreate,
  present?: OwnedDetails,
): Promise<RegisteredUnit | undefined> {
  const number = store.organization?.organization_number;
  const isDestinations = number === undefined || isOwn(destination, number);
  const sources = [ownedBy(destination), ...(present ? [present] : [])];
  const wrong = organizationErrors(destination, store.organization);
  // The details of what may be a sub-unit are compared once the register has shown it.
  const owned = isDestinations || wrong.length > 0 ? ownedFieldErrors(store, sources) : [];
  refuse([...owned, ...wrong]);
  if (isDestinations) return undefined;
  const found = await register.findSubUnit(number).catch((error: unknown) => {
    throw error instanceof ApiError ? withErrorPath(error) : error;
  });
  const unit = requireInBusiness(found, numberPath);
  refuse(ownedFieldErrors(store, [ownedBy(unit), ...(present ? [present] : [])]));
  return unit;
}

/**
 * The details of a store that is tied to a payout destination. They come from the destination or the sub-unit; details
 * of the caller's own leave the store unverified. Throws `payout_destination_rules`.
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

/** Defaults: without these fields an organization is a Norwegian main unit, in requests and in destinations. */
const defaultOrganization: Organization = { country: "NO", type: "main_unit" };

/** Whether all details from the caller equal the source's. */
function confirms(source: Organization, store: StoreCreate): boolean {
  const known: Organization = { ...defaultOrganization, ...source };
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

type OwnedDetails = { [Field in (typeof ownedFields)[number]]: StoreCreate[Field] | null };

function ownedBy({ address, email, phoneNumber, website }: StoreDestination | RegisteredUnit): OwnedDetails {
  return { address: address ?? null, email, phone_number: phoneNumber, website };
}

/** A caller may send back what a source says, and nothing else. */
function ownedFieldErrors(store: StoreCreate, sources: readonly OwnedDetails[]): ErrorDetail[] {
  return ownedFields
    .filter((field) => store[field] !== undefined)
    .filter((field) => !sources.some((source) => isDeepStrictEqual(source[field], store[field])))
    .map((field) => ({ path: `/body/${field}`, message: "is filled in by the payout destination" }));
}

/** Faults that need no register: another country, or another organization that cannot be a sub-unit. */
function organizationErrors(destination: StoreDestination, organization: Organization | undefined): ErrorDetail[] {
  const ofDestination = { ...defaultOrganization, ...destination.organization };
  const ofStore = { ...defaultOrganization, ...organization };
  if (ofStore.organization_number === undefined) return [];
  if (isOwn(destination, ofStore.organization_number)) {
    return ofStore.country === ofDestination.country
      ? []
      : [{ path: "/body/organization/country", message: "must equal the country of the payout destination" }];
  }
  const mayBeSubUnit =
    ofDestination.organization_number !== undefined &&
    ofDestination.country === "NO" &&
    ofStore.country === "NO" &&
    organization?.type !== "main_unit";
  return mayBeSubUnit ? [] : [{ path: numberPath, message: mustEqual }];
}

function refuse(errors: ErrorDetail[]): void {
  if (errors.length === 0) return;
  throw new ApiError("payout_destination_rules", "The store's details belong to its payout destination.", { errors });
}

/** Adds the place in the request, which the register does not know. */
function withErrorPath(error: ApiError): ApiError {
  const errors = [{ path: numberPath, message: "could not be looked up in the public register" }];
  const { code, message, retryAfterSeconds, cause } = error;
  return new ApiError(code, message, { errors, retryAfterSeconds, cause });
}

/** Whether a store has these details already. */
export function areDetailsOf(store: StoreRow, details: StoreDetails): boolean {
  const { verified, ...fields } = details;
  return (
    verified === store.verified &&
    detailFields.every((field) => isDeepStrictEqual(store[field] ?? null, fields[field] ?? null))
  );
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
