import type { TerminalCredential } from "@tillkeeper/contract/http/terminals";
import { recordChange } from "../access/audit/audit.ts";
import { inTenantWithLiveGrant } from "../access/auth/live-grant.ts";
import { newSecret } from "../access/auth/secrets/secrets.ts";
import type { Db } from "../db/db.ts";
import { ApiError } from "../platform/errors.ts";
import type { PowerfulCaller } from "../platform/http/route.ts";
import { type AdmitDeps, admitWhileLive } from "../terminals/credentials/admit-live.ts";
import { replaceCredential } from "../terminals/credentials/replace-credential.ts";
import { generationOf } from "../terminals/credentials/token-end.ts";
import { terminalNotFound } from "../terminals/record/present.ts";
import { lockTerminal } from "../terminals/record/rows.ts";

export {
  type AuthenticationDeps,
  accountOfTerminalId,
  authenticateDevice,
  authenticateTerminal,
} from "../terminals/credentials/authenticate.ts";
export { type FindLiveCredential, liveCredentials } from "../terminals/credentials/find-live.ts";

export interface CredentialDeps extends AdmitDeps {
  mqttUrl: () => string;
}

/**
 * Gives a terminal a new MQTT credential, with an address of its own, and ends the old one. The password is answered once and
 * kept as a hash. Throws `terminal_not_found`, and `virtual_terminal` for one that has its credential from the server itself.
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
    if (terminal.simulated) throw virtualTerminal();
    await recordChange(tx, deps.clock, live, {
      action: "terminal.issue_credential",
      subject: { type: "terminal", id: terminalId },
    });
    return replaceCredential(tx, deps.clock, { accountId, terminalId }, { password });
  });
  const generation = generationOf({ token_lapses: 0 });
  const admitted = await admitWhileLive(deps, { address, password, generation, former });
  // Like one that is answered and replaced a moment later.
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

/**
 * Every device that may connect, for brokers that keep a list: not those whose tokens are over. Those with a password have
 * no generation.
 */
export async function listLiveCredentials(db: Db): Promise<{ address: string; generation: string | undefined }[]> {
  const rows = await db.sql
    .selectFrom("terminal_credentials as credential")
    .innerJoin("terminals", (join) =>
      join
        .onRef("terminals.account_id", "=", "credential.account_id")
        .onRef("terminals.terminal_id", "=", "credential.terminal_id"),
    )
    .select(["credential.address", "credential.token_lapses"])
    .select((eb) => eb("credential.public_key", "is not", null).as("paired"))
    .where("credential.lapsed_at", "is", null)
    .where((eb) => eb.or([eb("terminals.status", "<>", "DELETED"), eb("credential.ends_with", "is not", null)]))
    .execute();
  return rows.map((row) => ({ address: row.address, generation: row.paired ? generationOf(row) : undefined }));
}
