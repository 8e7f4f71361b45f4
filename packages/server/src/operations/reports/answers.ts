import type { Db } from "../../db/db.ts";
import { isWithoutPartition } from "../../db/failures.ts";
import { retried } from "../../db/retry.ts";
import type { Meeting } from "../sql/fragments.ts";
import { type Answered, takeAnswers } from "../sql/take-answers.ts";
import { type Finish, withoutPartition } from "./results.ts";

/** A key that is equal for copies of one answer. One that can be read is no copy of one that could not: it still ends its operation. */
export function sameAnswer({ address, id, entry, readable }: Finish): string {
  return `${address} ${entry?.number ?? ""} ${id} ${readable}`;
}

/**
 * Takes answers, those of one log or one operation in their order. It needs as many rounds as one of them has answers
 * here, usually one. Answers an outcome for each, in the order of `answers`.
 */
export async function takeAnswersInOrder(db: Db, answers: Finish[], meeting: Meeting): Promise<Answered[]> {
  const outcomes = new Map<Finish, Answered>();
  let waiting = answers.toSorted((a, b) => (a.entry?.number ?? 0) - (b.entry?.number ?? 0));
  while (waiting.length > 0) {
    const seen = new Set<string>();
    const [round, later] = [[] as Finish[], [] as Finish[]];
    for (const answer of waiting) {
      const names = [answer.address, `${answer.terminalId} ${answer.id}`];
      (names.some((name) => seen.has(name)) ? later : round).push(answer);
      for (const name of names) seen.add(name);
    }
    const results = await take(db, round, meeting);
    for (const [index, answer] of round.entries()) outcomes.set(answer, results[index] as Answered);
    waiting = later;
  }
  return answers.map((answer) => outcomes.get(answer) as Answered);
}

async function take(db: Db, round: Finish[], meeting: Meeting): Promise<Answered[]> {
  try {
    return await retried(() => takeAnswers(db.pool, round, meeting));
  } catch (error) {
    if (!isWithoutPartition(error)) throw error;
    const [first] = round;
    // The month of the operation has been dropped: no list shows it any more.
    if (first && round.length === 1) return takeAnswers(db.pool, [withoutPartition(first)], meeting);
    // Divided in halves, so that a single such answer does not cost all others a statement each.
    const half = Math.ceil(round.length / 2);
    const before = await take(db, round.slice(0, half), meeting);
    return [...before, ...(await take(db, round.slice(half), meeting))];
  }
}
