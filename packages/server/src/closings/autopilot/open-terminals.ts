import { standingOf } from "@tillkeeper/contract/closings/rules";
import type { Tx } from "../../db/db.ts";
import type { ClosingPlan } from "../../merchants/stores/closing-plan.ts";
import { endOf, startOf } from "../days/business-day.ts";
import { type ClosingRow, findClosingOfDay, readFacts } from "../queries.ts";
import { factsOfStores } from "../sql/facts.ts";
import { terminalFacts } from "../standing/facts.ts";
import { isOpen, type Member, type Moment, membersOf } from "../standing/standing.ts";

/** A business day as it stands: its closing, if it has one, and its terminals. */
export interface DayStands {
  closing: ClosingRow | undefined;
  /** All terminals; without a closing, as one that is asked for now would find them. */
  members: Member[];
  /** Those that are not closed and have, or may have, something to close. */
  open: Member[];
}

/** Reads how a business day of a store stands. A terminal that does not tell its batch may have something to close. */
export async function dayStands(
  tx: Tx,
  { plan, day }: { plan: ClosingPlan; day: string },
  moment: Moment,
): Promise<DayStands> {
  const { accountId, storeRef } = plan;
  const closing = await findClosingOfDay(tx, { accountId, storeRef, day });
  const members = closing
    ? membersOf(closing, await readFacts(tx, accountId, [closing.id]), moment)
    : await membersNow(tx, { plan, day }, moment);
  return { closing, members, open: members.filter(isOpen) };
}

async function membersNow(
  tx: Tx,
  { plan, day }: { plan: ClosingPlan; day: string },
  moment: Moment,
): Promise<Member[]> {
  const { accountId, storeRef, rules } = plan;
  const startsAt = startOf(day, rules);
  if (!startsAt) return [];
  const endsAt = endOf(day, rules);
  const { rows } = await factsOfStores(accountId, moment.now, [
    { closingId: null, storeRef, startsAt, endsAt },
  ]).execute(tx);
  return rows.map((row) => {
    const facts = terminalFacts(row, moment);
    return {
      row,
      facts,
      standing: standingOf(facts, { now: moment.now, endsAt, retryUntil: endsAt, cancelled: false }),
    };
  });
}
