import type { TerminalCredential } from "@tillkeeper/contract/http/terminals";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../access/auth/live-grant.ts";
import { newSecret } from "../access/auth/secrets/secrets.ts";
import { ApiError } from "../platform/errors.ts";
import { type PowerfulCaller, requireExpected } from "../platform/http/route.ts";
import { leaveOpenBatch } from "../presence/telemetry/open-batch.ts";
import { type AdmitDeps, admitIfLive } from "../terminals/credentials/admit-if-live.ts";
import { replaceCredential } from "../terminals/credentials/replace-credential.ts";
import { generationOf } from "../terminals/credentials/token-end.ts";
import { tellTerminal } from "../terminals/record/events.ts";
import { presentTerminal, terminalNotFound } from "../terminals/record/present.ts";
import { lockTerminal } from "../terminals/record/rows.ts";

export interface CredentialDeps extends AdmitDeps {
  mqttUrl: () => string;
}

/**
 * Gives a terminal a new MQTT credential with a new address, and ends the old one. The password is answered once and
 * stored as a hash. Throws `terminal_not_found`, and `virtual_terminal` for one whose credential comes from the server
 * itself.
 */
export async function issueCredential(
  deps: CredentialDeps,
  caller: PowerfulCaller,
  terminalId: string,
): Promise<TerminalCredential> {
  const { accountId } = caller;
  const password = newSecret();
  const { address, former } = await inTenantWithLiveGrant(deps.db, caller, async (tx, live) => {
    const terminal = await lockTerminal(tx, accountId, terminalId);
    if (!terminal || terminal.status === "DELETED") throw terminalNotFound();
    requireExpected(live, presentTerminal(terminal));
    if (terminal.simulated) throw virtualTerminal();
    await recordChange(tx, deps.clock, live, {
      action: "terminal.issue_credential",
      subject: { type: "terminal", id: terminalId },
    });
    const replaced = await replaceCredential(tx, deps.clock, { accountId, terminalId }, { password });
    await leaveOpenBatch(tx, { accountId, terminalId });
    await tellTerminal(tx, live, { cause: "terminal.issue_credential", terminalId, at: deps.clock.now() });
    return replaced;
  });
  const generation = generationOf({ token_lapses: 0 });
  const admitted = await admitIfLive(deps, { address, password, generation, former });
  // Replaced meanwhile: it is answered nevertheless, and opens nothing.
  const { username, clientId, password: shown } = admitted ?? { username: address, clientId: address, password };
  return {
    terminal_id: terminalId,
    address,
    mqtt_url: deps.mqttUrl(),
    username,
    password: shown,
    client_id: clientId,
  };
}

export function virtualTerminal(): ApiError {
  return new ApiError("virtual_terminal", "A virtual terminal has its credential from the server itself.");
}
