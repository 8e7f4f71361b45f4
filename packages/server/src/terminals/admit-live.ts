import type { Admission, Admitted, TakenCredential } from "./admission.ts";
import { accountOfTerminalId } from "./authentication.ts";
import type { FindLiveCredential } from "./sql/live-credentials.ts";

export interface AdmitDeps {
  findLiveCredential: FindLiveCredential;
  /** Makes the broker take a credential, and send away whoever is connected with an older one if that ends. */
  admit: (admission: Admission) => Promise<Admitted>;
  /** Makes the broker forget a credential that it took, unless it has another one by now. */
  withdraw: (credential: TakenCredential) => Promise<void>;
}

/**
 * Admits a credential as long as it is the terminal's. It may be over by the time the broker has taken it, and then whoever
 * ended it may have told the broker so before: nobody would end it any more. Undefined when it is over.
 */
export async function admitWhileLive(
  deps: AdmitDeps,
  credentialId: string,
  admission: Admission,
): Promise<Admitted | undefined> {
  const accountId = accountOfTerminalId(admission.terminalId) ?? "";
  const live = async () =>
    (await deps.findLiveCredential(accountId, admission.terminalId))?.credential_id === credentialId;
  if (!(await live())) return undefined;
  const admitted = await deps.admit(admission);
  if (await live()) return admitted;
  await deps.withdraw(admission);
  return undefined;
}
