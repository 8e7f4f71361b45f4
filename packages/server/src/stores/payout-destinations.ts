import type { StoreCreate } from "@tillkeeper/contract/http/stores";
import type { Tx } from "../db/db.ts";
import { ApiError } from "../platform/errors.ts";

/** What a payout destination fills in by itself, so that the caller may not (D3). */
const ownedFields = ["address", "phone_number", "email", "website"] as const;

type FilledStore = Pick<StoreCreate, "organization" | "address" | "phone_number" | "email" | "website">;

/**
 * The details of a store that is tied to a payout destination: taken from the destination's validated data. Throws
 * `payout_destination_not_found` or `payout_destination_rules`, each naming the field.
 */
export async function detailsFromDestination(tx: Tx, accountId: string, store: StoreCreate): Promise<FilledStore> {
  const id = store.payout_destination?.payout_destination_id as string;
  const destination = await tx
    .selectFrom("payout_destinations")
    .selectAll()
    .where("account_id", "=", accountId)
    .where("payout_destination_id", "=", id)
    .executeTakeFirst();
  if (!destination) {
    throw new ApiError("payout_destination_not_found", "There is no such payout destination.", {
      errors: [{ path: "/body/payout_destination/payout_destination_id", message: "does not exist" }],
    });
  }
  const errors = ownedFields
    .filter((field) => store[field] !== undefined)
    .map((field) => ({ path: `/body/${field}`, message: "is filled in by the payout destination" }));
  const theirs = destination.organization?.organization_number;
  const ours = store.organization?.organization_number;
  if (ours !== undefined && ours !== theirs) {
    errors.push({
      path: "/body/organization/organization_number",
      message: "must equal the organization number of the payout destination",
    });
  }
  if (errors.length > 0) {
    throw new ApiError("payout_destination_rules", "The store's details belong to its payout destination.", { errors });
  }
  return {
    ...(destination.organization && { organization: destination.organization }),
    ...(destination.address && { address: destination.address }),
    ...(destination.phone_number && { phone_number: destination.phone_number }),
    ...(destination.email && { email: destination.email }),
    ...(destination.website && { website: destination.website }),
  };
}
