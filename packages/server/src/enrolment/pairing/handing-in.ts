import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { DeviceResultsRequest } from "@tillkeeper/contract/http/devices";
import { pairingLimits } from "@tillkeeper/contract/pairing";
import type { JWK } from "jose";
import { inTenant } from "../../db/tenants/tenant.ts";
import { inTurn } from "../../db/turns.ts";
import { createSpanLimit, networkOf, takeTurn } from "../../platform/http/limits/rate-limit.ts";
import type { Reached } from "../../platform/own-addresses.ts";
import { keyOfAddress } from "../../terminals/credentials/replace-credential.ts";
import type { Device } from "../../terminals/record/devices.ts";
import { spendNonce } from "./nonces.ts";
import { invalidProof, verifyProof } from "./proofs.ts";
import { noTerminal } from "./queries.ts";
import { proofPlace, type TokenDeps } from "./tokens.ts";

/**
 * Authenticates a device that hands in results, which may have been replaced. Throws `invalid_proof` and
 * `too_many_requests`.
 */
export type VerifyHandingIn = (
  peer: { address: string; reached: Reached },
  request: Pick<DeviceResultsRequest, "address" | "proof">,
) => Promise<Device>;

const noDevice: Device = { ...noTerminal, address: "" };

export function verifyHandingIn(deps: TokenDeps): VerifyHandingIn {
  const turns = createSpanLimit(pairingLimits.renewalsPerMinute, 60);
  return async ({ address: from, reached }, { address, proof }) => {
    const device = readDeviceAddress(address) ?? noDevice;
    const known = await inTurn(deps.db, networkOf(from), () => keyOfAddress(deps.db.sql, deps.clock, device));
    const publicKey: JWK | undefined = known;
    const nonce = await verifyProof(proofPlace(deps, reached), proof, {
      purpose: "results",
      subject: address,
      publicKey,
    });
    if (!publicKey) throw invalidProof("its signature does not match");
    takeTurn(turns, address);
    await inTenant(deps.db, device.accountId, (tx) => spendNonce(tx, device.accountId, nonce));
    return device;
  };
}
