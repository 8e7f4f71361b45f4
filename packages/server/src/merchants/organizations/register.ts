import type { Address } from "@tillkeeper/contract/http/stores";

/** A unit as a public register shows it. */
export interface RegisteredUnit {
  organizationNumber: string;
  /** Empty for a unit that the register has deleted to the last detail; it is `dissolved` then. */
  name: string;
  /** The unit above: for a sub-unit its main unit. */
  parentNumber: string | null;
  address: Address | null;
  email: string | null;
  phoneNumber: string | null;
  website: string | null;
  /** Deleted from the register, closed down, bankrupt or being wound up: not to be done business with. */
  dissolved: boolean;
}

/**
 * A country's public register of organizations. Both answer `undefined` for a number that the register does not know,
 * and throw `register_unavailable` when it cannot be reached or answers something else than its documented format.
 */
export interface OrganizationRegister {
  /** The legal entity itself. */
  findMainUnit(organizationNumber: string): Promise<RegisteredUnit | undefined>;
  /** One of its places of business, with a number of its own. */
  findSubUnit(organizationNumber: string): Promise<RegisteredUnit | undefined>;
}
