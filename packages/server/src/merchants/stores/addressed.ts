import type { MailRecipient } from "@tillkeeper/contract/http/mail-schemas";
import type { Tx } from "../../db/db.ts";
import { storesWithDays } from "./queries.ts";

/** What mail about a store needs of it. */
export interface AddressedStore {
  /** The caller's id. */
  storeId: string;
  name: string | null;
  /** ISO 3166-1 alpha-2; of its address, else of its organization. */
  country: string | undefined;
  mailTo: readonly MailRecipient[];
}

/** Reads a live store by its generated id, with its recipients of mail. */
export async function addressedStore(tx: Tx, accountId: string, storeRef: string): Promise<AddressedStore | undefined> {
  const [row] = await storesWithDays(tx, accountId, { by: { ids: [storeRef] }, includeDeleted: false });
  return (
    row && {
      storeId: row.store_id,
      name: row.store_name,
      country: row.address?.country ?? row.organization?.country,
      mailTo: row.configuration.mail_to ?? [],
    }
  );
}
