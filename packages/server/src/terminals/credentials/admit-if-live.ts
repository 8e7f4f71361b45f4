import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { Db } from "../../db/db.ts";
import type { Clock } from "../../platform/clock.ts";
import type { BrokerGrant, MqttLogin, TakenCredential } from "./broker-grant.ts";
import type { FindLiveCredential } from "./find-live.ts";

export interface AdmitDeps {
  db: Db;
  clock: Clock;
  findLiveCredential: FindLiveCredential;
  /** Makes the broker accept a credential, and forget the former one; see `DeviceTransport.admit`. */
  admit: (admission: BrokerGrant) => Promise<MqttLogin>;
  /** Makes the broker forget a credential, unless it was renewed meanwhile; see `DeviceTransport.withdraw`. */
  withdraw: (credential: TakenCredential) => Promise<void>;
}

/**
 * Admits a credential while its address is the terminal's; undefined when the credential is over. It is checked again
 * once the broker has accepted it. A replacement may have reached the broker first, and then the broker would accept
 * the credential for ever. Rejects when the broker cannot be reached.
 */
export async function admitIfLive(deps: AdmitDeps, admission: BrokerGrant): Promise<MqttLogin | undefined> {
  const { accountId = "", terminalId = "" } = readDeviceAddress(admission.address) ?? {};
  const live = async () => (await deps.findLiveCredential(accountId, terminalId))?.address === admission.address;
  if (!(await live())) return undefined;
  const admitted = await deps.admit(admission);
  if (await live()) return admitted;
  await deps.withdraw(admission);
  return undefined;
}
