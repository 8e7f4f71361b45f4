import { isDeepStrictEqual } from "node:util";
import type { PayoutDestination, PayoutDestinationPatch } from "@tillkeeper/contract/http/payout-destinations";
import type { Updateable } from "kysely";
import { recordChange } from "../../access/audit/audit.ts";
import type { Tx } from "../../db/db.ts";
import type { Tables } from "../../db/tables/schema.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import { ApiError, invalidRequest } from "../../platform/errors.ts";
import { type Caller, requireExpected } from "../../platform/http/route.ts";
import { mayDecide } from "./case-status.ts";
import {
  type DestinationDeps,
  destinationNotFound,
  getDestination,
  storedBankAccounts,
  storedOrganization,
} from "./destinations.ts";
import { tellDestination } from "./events.ts";
import { masked, presentListItem } from "./present.ts";
import { type DestinationRow, findDestination } from "./queries.ts";
import { withRegisteredDetails } from "./register-check.ts";
import { checkDestination } from "./validation.ts";

/** What the approval of a destination is about: who gets the money, and where. */
const approvedColumns = ["type", "organization", "individual", "bank_accounts", "merchant_category_code"] as const;

/** Columns that hold a field of the request as it is. */
const plainColumns = [
  "type",
  "payout_destination_name",
  "payout_destination_description",
  "payout_interval_type",
  "payout_reference",
  "email",
  "website",
  "phone_number",
  "merchant_category_code",
] as const;
const jsonColumns = ["individual", "address", "form_submitter", "report_configuration"] as const;

/** Columns that stores take over. */
const columnsOfStores: ReadonlySet<string> = new Set(["address", "email", "phone_number", "website"]);

type Columns = Updateable<Tables["payout_destinations"]>;

/**
 * Changes the fields of a destination that the request names; its case stays as it is. So on a live account only who decides
 * cases changes what an approval was for, once it is given. A request that changes nothing leaves no audit entry. Throws
 * `unknown_payout_destination`, `invalid_request`, `operator_only`, `payout_destination_archived`, and what
 * `withRegisteredDetails` throws.
 */
export async function patchDestination(
  deps: DestinationDeps,
  caller: Caller,
  id: string,
  input: PayoutDestinationPatch,
): Promise<PayoutDestination> {
  const { accountId } = caller;
  // Queried before the transaction begins, so that a slow register holds no connection.
  const { organization } =
    input.organization && deps.register ? await withRegisteredDetails(deps.register, input) : input;
  const given = { ...input, ...(organization && { organization }) };
  await inTenant(deps.db, accountId, async (tx) => {
    const before = await lockDestination(tx, accountId, id);
    const patch = withKeptNumbers(before, given);
    requireExpected(caller, shown(before));
    checkPatch(before, patch);
    const columns = columnsOf(patch);
    const changed = Object.keys(columns).filter((column) => !isSame(before, columns, column as keyof Columns));
    if (changed.length === 0) return;
    if (before.case_status === "ARCHIVED") throw archived();
    await requireApproval(tx, caller, before, changed);
    await tx
      .updateTable("payout_destinations")
      .set({ ...columns, updated_at: deps.clock.now(), updated_by: caller.clientId })
      .where("account_id", "=", accountId)
      .where("payout_destination_id", "=", id)
      .execute();
    if (changed.some((column) => columnsOfStores.has(column))) await deps.detailsOfDestinationChanged(tx, caller, id);
    const after = (await findDestination(tx, accountId, id)) as DestinationRow;
    await recordChange(tx, deps.clock, caller, {
      action: "payout_destination.update",
      subject: { type: "payout_destination", id },
      before: shown(before),
      after: shown(after),
    });
    await tellDestination(tx, deps, caller, { cause: "payout_destination.update", row: after });
  });
  return getDestination(deps, accountId, id);
}

async function lockDestination(tx: Tx, accountId: string, id: string): Promise<DestinationRow> {
  await tx
    .selectFrom("payout_destinations")
    .select("id")
    .where("account_id", "=", accountId)
    .where("payout_destination_id", "=", id)
    .forNoKeyUpdate()
    .execute();
  const row = await findDestination(tx, accountId, id);
  if (!row) throw destinationNotFound();
  return row;
}

/**
 * The patch with whole numbers of bank accounts, in place of those that came back as answers show them. Throws
 * `invalid_request` for one that the destination does not have.
 */
function withKeptNumbers(row: DestinationRow, patch: PayoutDestinationPatch): PayoutDestinationPatch {
  if (!patch.bank_accounts) return patch;
  if (patch.bank_accounts.length === 0 && row.bank_accounts.length > 0) {
    throw invalidRequest({ path: "/body/bank_accounts", message: "must not be empty" });
  }
  const kept = new Map(
    row.bank_accounts.map((account) => [masked(account).bank_account_number, account.bank_account_number]),
  );
  const accounts = patch.bank_accounts.map((account, index) => {
    const shownNumber = account.bank_account_number;
    if (!shownNumber?.startsWith("*")) return account;
    const number = kept.get(shownNumber);
    if (number !== undefined) return { ...account, bank_account_number: number };
    const path = `/body/bank_accounts/${index}/bank_account_number`;
    throw invalidRequest({ path, message: "is no number of this destination; give the whole number" });
  });
  return { ...patch, bank_accounts: accounts };
}

/** Checks the destination as it would be. Another organization number would be another legal entity, so it may not change. */
function checkPatch(row: DestinationRow, patch: PayoutDestinationPatch): void {
  const { organization_number: number, country } = row.organization ?? {};
  const next = patch.organization;
  if (next && number !== undefined) {
    const path = "/body/organization";
    if (next.organization_number !== number)
      throw invalidRequest({ path: `${path}/organization_number`, message: `must stay ${number}` });
    if ((next.country ?? "NO") !== (country ?? "NO"))
      throw invalidRequest({ path: `${path}/country`, message: `must stay ${country ?? "NO"}` });
  }
  const type = patch.type ?? row.type;
  const unused = type === "individual" ? "organization" : "individual";
  if (row[unused] && patch[unused] === undefined && type !== row.type) {
    throw invalidRequest({ path: "/body/type", message: `cannot change while there is an ${unused}` });
  }
  checkDestination({ ...patch, type });
}

function columnsOf(patch: PayoutDestinationPatch): Columns {
  const plain = plainColumns.flatMap((name) => (patch[name] === undefined ? [] : [[name, patch[name]]]));
  const json = jsonColumns.flatMap((name) => (patch[name] === undefined ? [] : [[name, JSON.stringify(patch[name])]]));
  return {
    ...Object.fromEntries([...plain, ...json]),
    ...(patch.organization && { organization: storedOrganization(patch.organization) }),
    ...(patch.bank_accounts && { bank_accounts: storedBankAccounts(patch.bank_accounts) }),
  };
}

/** The database reorders the keys of an object, so objects are compared without regard to order. */
function isSame(row: DestinationRow, columns: Columns, name: keyof Columns): boolean {
  const [is, next] = [row[name], columns[name]];
  return plainColumns.some((plain) => plain === name) ? is === next : isDeepStrictEqual(is, JSON.parse(next as string));
}

async function requireApproval(tx: Tx, caller: Caller, row: DestinationRow, changed: string[]): Promise<void> {
  const approved = approvedColumns.filter((column) => changed.includes(column));
  if (row.case_status !== "ACTIVE" || approved.length === 0 || (await mayDecide(tx, caller))) return;
  throw new ApiError("operator_only", "On a live account only its operator changes what an approval was for.", {
    errors: approved.map((column) => ({ path: `/body/${column}`, message: "is part of what was approved" })),
  });
}

function shown(row: DestinationRow) {
  return presentListItem(row, { stores: 0, terminals: 0 });
}

function archived(): ApiError {
  return new ApiError("payout_destination_archived", "An archived payout destination does not change any more.");
}
