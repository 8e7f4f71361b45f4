import type { Db, Tx } from "../db/db.ts";
import { inTenant } from "../db/tenant.ts";
import type { Clock } from "../platform/clock.ts";
import type { Admission, Admitted, TakenCredential } from "./admission.ts";
import { accountOfTerminalId } from "./authentication.ts";
import type { FindLiveCredential } from "./sql/live-credentials.ts";

/** What a credential is written with. */
export interface IssuingDeps {
  clock: Clock;
  /**
   * Whether it is known of everybody who is connected by which credential: then what is for one alone reaches no other,
   * and nobody has to wait until the former one has been sent away.
   */
  tellsApart: boolean;
}

export interface AdmitDeps extends IssuingDeps {
  db: Db;
  findLiveCredential: FindLiveCredential;
  /** Makes the broker take a credential, and send away whoever is connected with an older one if that ends. */
  admit: (admission: Admission) => Promise<Admitted>;
  /** Makes the broker forget a credential that it took, unless it has another one by now. */
  withdraw: (credential: TakenCredential) => Promise<void>;
  giveUpRecipient: GiveUpRecipient;
}

/**
 * Notes of the terminal's operation if the device that it was sent to is not the terminal's any more. Nothing depends on it
 * but when that shows: who sends looks for itself.
 */
export type GiveUpRecipient = (tx: Tx, terminal: { accountId: string; terminalId: string }) => Promise<void>;

/**
 * Admits a credential as long as it is the terminal's. It may be over by the time the broker has taken it, and then whoever
 * ended it may have told the broker so before: nobody would end it any more. Undefined when it is over.
 */
export async function admitWhileLive(
  deps: AdmitDeps,
  credentialId: string,
  admission: Admission,
): Promise<Admitted | undefined> {
  const { terminalId } = admission;
  const accountId = accountOfTerminalId(terminalId) ?? "";
  const live = async () => (await deps.findLiveCredential(accountId, terminalId))?.credential_id === credentialId;
  if (!(await live())) return undefined;
  const formerEnded = async () => {
    await noteAdmitted(deps, { accountId, terminalId, credentialId });
    await inTenant(deps.db, accountId, (tx) => deps.giveUpRecipient(tx, { accountId, terminalId }));
  };
  const admitted = await deps.admit({ ...admission, formerEnded });
  if (await live()) return admitted;
  await deps.withdraw(admission);
  return undefined;
}

interface AdmittedCredential {
  accountId: string;
  terminalId: string;
  credentialId: string;
}

/**
 * From now on whoever hears what is sent to the terminal has this credential. Until then it is not known who does, and what
 * must not be done twice is sent to nobody else after that.
 */
export async function noteAdmitted(
  { db, clock }: Pick<AdmitDeps, "db" | "clock">,
  { accountId, terminalId, credentialId }: AdmittedCredential,
): Promise<void> {
  await inTenant(db, accountId, (tx) =>
    tx
      .updateTable("terminal_credentials")
      .set({ admitted_at: clock.now() })
      .where("account_id", "=", accountId)
      .where("terminal_id", "=", terminalId)
      .where("credential_id", "=", credentialId)
      .execute(),
  );
}
