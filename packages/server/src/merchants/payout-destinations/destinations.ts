import { isSandboxAccount } from "@tillkeeper/contract/accounts";
import { type CaseStatus, firstCaseStatus, sandboxDecisions } from "@tillkeeper/contract/case-status";
import type { BankAccount } from "@tillkeeper/contract/http/bank-accounts";
import {
  listedStoresMax,
  type PayoutDestination,
  type PayoutDestinationCreate,
  type PayoutDestinationList,
} from "@tillkeeper/contract/http/payout-destinations";
import { recordChange } from "../../access/audit/audit.ts";
import type { Db, Tx } from "../../db/db.ts";
import { inTenant } from "../../db/tenants/tenant.ts";
import type { Clock } from "../../platform/clock.ts";
import { ApiError } from "../../platform/errors.ts";
import { cutPage, invalidStart } from "../../platform/http/paging.ts";
import type { Caller } from "../../platform/http/route.ts";
import { newId } from "../../platform/ids.ts";
import type { OrganizationRegister } from "../organizations/register.ts";
import { tellDestination } from "./events.ts";
import { linkedCounts, linkedStores } from "./linked-stores.ts";
import { present, presentListItem } from "./present.ts";
import {
  type DestinationRow,
  destinationExists,
  findDestination,
  listDestinations,
  storesOfDestination,
} from "./queries.ts";
import { withRegisteredDetails } from "./register-check.ts";
import { checkDestination, numberType } from "./validation.ts";

/**
 * Suspends or resumes the stores of a destination (D5). Called in the transaction that takes a destination out of use,
 * or back into it; an error rolls that transaction back.
 */
export type StoresOfDestinationChanged = (
  tx: Tx,
  change: { accountId: string; payoutDestinationId: string; active: boolean; requestId: string },
) => Promise<void>;

export interface DestinationDeps {
  db: Db;
  clock: Clock;
  /** Register in which new companies must be; left out, companies are not checked. */
  register: OrganizationRegister | undefined;
  /** The server's own address, without a slash at the end. */
  ownUrl: () => string;
  storesOfDestinationChanged: StoresOfDestinationChanged;
  /** Gives the stores of a destination the details that have changed. Called in the transaction that has changed them. */
  detailsOfDestinationChanged: (tx: Tx, caller: Caller, payoutDestinationId: string) => Promise<void>;
}

export function destinationNotFound(): ApiError {
  return new ApiError("unknown_payout_destination", "There is no such payout destination.");
}

/** Throws `invalid_request`, `payout_destination_id_taken`, and what `withRegisteredDetails` throws. */
export async function createDestination(
  deps: DestinationDeps,
  caller: Caller,
  input: PayoutDestinationCreate,
): Promise<PayoutDestination> {
  checkDestination(input);
  // Queried before the transaction begins, so that a slow register holds no connection.
  const destination = deps.register ? await withRegisteredDetails(deps.register, input) : input;
  return inTenant(deps.db, caller.accountId, async (tx) => {
    const id = destination.payout_destination_id ?? newId(deps.clock.now());
    await insertDestination(tx, deps.clock, caller, { ...destination, payout_destination_id: id });
    const row = (await findDestination(tx, caller.accountId, id)) as DestinationRow;
    const created = present({ row, linked: { stores: 0, terminals: 0 }, stores: [], serverUrl: deps.ownUrl() });
    await recordChange(tx, deps.clock, caller, {
      action: "payout_destination.create",
      subject: { type: "payout_destination", id },
      after: created,
    });
    await tellDestination(tx, deps, caller, { cause: "payout_destination.create", row });
    return created;
  });
}

async function insertDestination(
  tx: Tx,
  clock: Clock,
  caller: Caller,
  destination: PayoutDestinationCreate & { payout_destination_id: string },
): Promise<void> {
  const json = (value: object | undefined) => (value ? JSON.stringify(value) : null);
  const now = clock.now();
  const inserted = await tx
    .insertInto("payout_destinations")
    .values({
      account_id: caller.accountId,
      payout_destination_id: destination.payout_destination_id,
      id: newId(now),
      payout_destination_name: destination.payout_destination_name ?? null,
      payout_destination_description: destination.payout_destination_description ?? null,
      case_status: caseStatusOfNew(caller.accountId, destination.payout_destination_description),
      type: destination.type ?? "company",
      merchant_category_code: destination.merchant_category_code ?? null,
      organization: storedOrganization(destination.organization),
      individual: json(destination.individual),
      address: json(destination.address),
      bank_accounts: storedBankAccounts(destination.bank_accounts ?? []),
      payout_interval_type: destination.payout_interval_type ?? null,
      payout_reference: destination.payout_reference ?? null,
      email: destination.email ?? null,
      phone_number: destination.phone_number ?? null,
      website: destination.website ?? null,
      form_submitter: json(destination.form_submitter),
      report_configuration: json(destination.report_configuration),
      created_at: now,
      created_by: caller.clientId,
      updated_at: now,
      updated_by: caller.clientId,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning("id")
    .executeTakeFirst();
  if (!inserted) {
    throw new ApiError("payout_destination_id_taken", "A payout destination with this id exists already.", {
      errors: [{ path: "/body/payout_destination_id", message: "is taken" }],
    });
  }
}

export function storedOrganization(organization: PayoutDestinationCreate["organization"]): string | null {
  return organization ? JSON.stringify({ country: "NO", type: "main_unit", ...organization }) : null;
}

export function storedBankAccounts(accounts: readonly BankAccount[]): string {
  return JSON.stringify(accounts.map((account) => ({ ...account, bank_account_number_type: numberType(account) })));
}

/** On sandbox accounts a word in the description decides the case, as the public reference says. */
function caseStatusOfNew(accountId: string, description: string | undefined): CaseStatus {
  if (!isSandboxAccount(accountId)) return firstCaseStatus;
  const words = new Set(description?.split(/\s+/));
  const decision = Object.entries(sandboxDecisions).find(([word]) => words.has(word));
  return decision?.[1] ?? firstCaseStatus;
}

/** Throws `unknown_payout_destination`, also for destinations of other accounts. */
export async function getDestination(deps: DestinationDeps, accountId: string, id: string): Promise<PayoutDestination> {
  const { row, own } = await inTenant(deps.db, accountId, async (tx) => ({
    row: await findDestination(tx, accountId, id),
    own: await storesOfDestination(tx, accountId, id, listedStoresMax),
  }));
  if (!row) throw destinationNotFound();
  const countsOf = await linkedCounts(deps.db, accountId, [id]);
  const linked = await linkedStores(deps.db, accountId, id, listedStoresMax);
  return present({ row, linked: countsOf(id), stores: [...own, ...linked], serverUrl: deps.ownUrl() });
}

/** A page of destinations, newest first. Throws `invalid_request` for an unknown `starting_after`. */
export async function getDestinations(
  deps: DestinationDeps,
  accountId: string,
  query: { limit: number; starting_after?: string; case_status?: CaseStatus[]; search?: string },
): Promise<PayoutDestinationList> {
  const after = query.starting_after;
  const rows = await inTenant(deps.db, accountId, async (tx) => {
    if (after !== undefined && !(await destinationExists(tx, accountId, after))) throw invalidStart();
    return listDestinations(tx, accountId, {
      after,
      limit: query.limit + 1,
      caseStatus: query.case_status,
      search: query.search,
    });
  });
  const { page, last } = cutPage(rows, query.limit);
  const countsOf = await linkedCounts(
    deps.db,
    accountId,
    page.map((row) => row.payout_destination_id),
  );
  return {
    payout_destinations: page.map((row) => presentListItem(row, countsOf(row.payout_destination_id))),
    ...(last && { starting_after: last.payout_destination_id }),
  };
}
