import { retried } from "../../db/retry.ts";
import { inTurn } from "../../db/turns.ts";
import { networkOf } from "../../platform/http/limits/rate-limit.ts";
import { mostCodeTries } from "./lifetimes.ts";
import { recordOfPerson, type SessionDeps, type Visitor } from "./sessions.ts";

/**
 * Counts a code before it is looked at, in a transaction of its own: one that refuses the code leaves no trace. The first beyond the bound
 * stands in the log of each account of the person, because somebody may have the password.
 */
export async function countCodeTry(
  { db, clock }: Pick<SessionDeps, "db" | "clock">,
  personId: string,
  code: string | undefined,
  visitor: Visitor,
): Promise<void> {
  if (code === undefined) return;
  await inTurn(db, networkOf(visitor.address), () =>
    retried(() =>
      db.sql.transaction().execute(async (tx) => {
        const counted = await tx
          .updateTable("person_totp")
          .set((eb) => ({ tries: eb("tries", "+", 1) }))
          .where("person_id", "=", personId)
          .where("confirmed_at", "is not", null)
          .where("tries", "<=", mostCodeTries)
          .returning("tries")
          .executeTakeFirst();
        if (counted?.tries !== mostCodeTries + 1) return;
        await recordOfPerson(tx, clock, { personId, visitor, action: "user.totp_guessed" });
      }),
    ),
  );
}
