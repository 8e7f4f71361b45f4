import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Db } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Admission, Admitted, TakenCredential } from "./broker-grant.ts";
import type { FindLiveCredential } from "./find-live.ts";

export interface AdmitDeps {
  db: Db;
  clock: Clock;
  findLiveCredential: FindLiveCredential;
  /** Makes the broker take a credential, and forget the one that it replaces. */
  admit: (admission: Admission) => Promise<Admitted>;
  /** Makes the broker forget a credential that it took, unless it was renewed meanwhile. */
  withdraw: (credential: TakenCredential) => Promise<void>;
}

/**
 * Admits a credential as long as its address is the terminal's. It may be over by the time the broker has taken it, and then
 * whoever ended it may have told the broker so before: nobody would end it any more. Undefined when it is over.
 */
export async function admitWhileLive(deps: AdmitDeps, admission: Admission): Promise<Admitted | undefined> {
  const { accountId = "", terminalId = "" } = readDeviceAddress(admission.address) ?? {};
  const live = async () => (await deps.findLiveCredential(accountId, terminalId))?.address === admission.address;
  if (!(await live())) return undefined;
  const admitted = await deps.admit(admission);
  if (await live()) return admitted;
  await deps.withdraw(admission);
  return undefined;
}
