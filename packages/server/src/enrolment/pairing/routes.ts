import { deviceEndpoints as devices } from "@tillkeeper/contract/http/device-endpoints";
import { terminalEndpoints as terminals } from "@tillkeeper/contract/http/terminal-endpoints";
import { pairingLimits } from "@tillkeeper/contract/pairing";
import { createSpanLimit } from "../../platform/http/limits/rate-limit.ts";
import { bind, type Route } from "../../platform/http/route.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import { getPairingCodes, issuePairingCode, type PairingCodeDeps } from "./codes.ts";
import { pairDevice } from "./pair.ts";
import { renewToken, type TokenDeps } from "./tokens.ts";
import { createWrongTries } from "./wrong-tries.ts";

/** For those who install terminals. */
export function pairingCodeRoutes(deps: PairingCodeDeps): Route[] {
  return [
    bind(
      terminals.issuePairingCode,
      ({ caller, params, body }) => issuePairingCode(deps, caller, params.terminal_id, body),
      { givesPower: true },
    ),
    bind(terminals.listPairingCodes, ({ caller, params }) =>
      getPairingCodes(deps, caller.accountId, params.terminal_id),
    ),
  ];
}

/** For devices: open to anybody, because what they send proves itself. */
export function deviceRoutes(ports: TokenDeps): Route[] {
  const deps = {
    ...ports,
    tries: createSpanLimit(pairingLimits.triesPerMinute, 60),
    renewals: createSpanLimit(pairingLimits.renewalsPerMinute, 60),
    wrongTries: createWrongTries(ports),
  };
  return [
    bind(devices.getNonce, async () => {
      const { nonce, expiresAt } = await deps.deviceTokens.newNonce();
      const times = { expires_at: preciseTime(expiresAt), server_time: preciseTime(deps.clock.realNow()) };
      return { nonce, ...times };
    }),
    bind(
      devices.pair,
      ({ body, request }) =>
        pairDevice(deps, { address: request.ip, requestId: request.id, reached: request.socket }, body),
      { givesPower: "a pairing code" },
    ),
    bind(
      devices.renewToken,
      ({ body, request }) =>
        renewToken(deps, { address: request.ip, requestId: request.id, reached: request.socket }, body),
      { givesPower: "the key that the terminal is paired with" },
    ),
  ];
}
