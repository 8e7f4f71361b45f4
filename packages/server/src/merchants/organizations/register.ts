import type { Address } from "@tillkeeper/contract/http/stores";

/** A unit as a public register shows it. */
export interface RegisteredUnit {
  organizationNumber: string;
  /** Empty for a unit whose data the register has removed; `dissolved` is true then. */
  name: string;
  /** The unit above: for a sub-unit its main unit. */
  parentNumber: string | null;
  address: Address | null;
  email: string | null;
  phoneNumber: string | null;
  website: string | null;
  /** Deleted from the register, closed down, bankrupt or being wound up: no party to do business with. */
  dissolved: boolean;
}

/**
 * A country's public register of organizations. Both methods resolve with `undefined` for an unknown number. They throw
 * `register_unavailable` when the register cannot be reached or answers in another form than it documents. They are
 * called outside transactions, when a store or a payout destination is created or changed.
 */
export interface OrganizationRegister {
  /** Finds a legal entity. */
  findMainUnit(organizationNumber: string): Promise<RegisteredUnit | undefined>;
  /** Finds a place of business of a legal entity, which has a number of its own. */
  findSubUnit(organizationNumber: string): Promise<RegisteredUnit | undefined>;
}
