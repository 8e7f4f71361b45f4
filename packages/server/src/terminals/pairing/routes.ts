import { AccountId } from "@tillkeeper/contract/accounts";
import {
  DeviceNonce,
  DeviceToken,
  DeviceTokenRequest,
  Pairing,
  PairingCodeCreate,
  PairingCodeList,
  PairRequest,
} from "@tillkeeper/contract/http/devices";
import { deviceProofs, pairingLimits } from "@tillkeeper/contract/pairing";
import { readAccounts, writeAccounts } from "@tillkeeper/contract/scopes";
import { Type } from "typebox";
import { createSpanLimit } from "../../platform/http/rate-limit.ts";
import { type Route, route } from "../../platform/http/route.ts";
import { preciseTime } from "../../platform/timestamps.ts";
import { getPairingCodes, issuePairingCode, type PairingCodeDeps } from "./codes.ts";
import { pairDevice } from "./pair.ts";
import { renewToken, type TokenDeps } from "./tokens.ts";
import { createWrongTries } from "./wrong-tries.ts";

const ofTerminal = Type.Object({ aid: AccountId, terminal_id: Type.String({ minLength: 1, maxLength: 255 }) });
/** What an answer shows once must not lie in anybody's cache. */
const noStore = { "cache-control": "no-store" };

/** For those who install terminals. */
export function pairingCodeRoutes(deps: PairingCodeDeps): Route[] {
  const path = "/v1/accounts/:aid/terminals/:terminal_id/pairing-codes";
  const tag = "Terminals";
  return [
    route({
      method: "POST",
      path,
      scopes: writeAccounts,
      givesPower: true,
      id: "terminal_pairing_codes_post",
      summary: "Make a code that a device pairs with; the one before ends",
      tag,
      bodyOptional: true,
      schemas: { params: ofTerminal, body: PairingCodeCreate, responses: { 201: Pairing } },
      handle: async ({ caller, params, body }) => ({
        status: 201,
        body: await issuePairingCode(deps, caller, params.terminal_id, body),
        headers: noStore,
      }),
    }),
    route({
      method: "GET",
      path,
      scopes: readAccounts,
      id: "terminal_pairing_codes_get",
      summary: "What became of a terminal's pairing codes, newest first",
      tag,
      schemas: { params: ofTerminal, responses: { 200: PairingCodeList } },
      handle: async ({ caller, params }) => ({
        status: 200,
        body: await getPairingCodes(deps, caller.accountId, params.terminal_id),
      }),
    }),
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
  const tag = "Devices";
  return [
    route({
      method: "POST",
      scopes: "public",
      limited: "devices per address",
      tag,
      path: "/v1/device/nonce",
      id: "device_nonce_post",
      summary: "Get a nonce for a proof",
      schemas: { responses: { 200: DeviceNonce } },
      handle: async () => {
        const { nonce, expiresAt } = await deps.deviceTokens.newNonce();
        const times = { expires_at: preciseTime(expiresAt), server_time: preciseTime(deps.clock.realNow()) };
        return { status: 200, body: { nonce, ...times }, headers: noStore };
      },
    }),
    route({
      method: "POST",
      scopes: "public",
      givesPower: "a pairing code",
      limited: "devices per address",
      tag,
      path: deviceProofs.pairing.path,
      id: "device_pair_post",
      summary: "Pair a device by a code that is used once",
      schemas: { body: PairRequest, responses: { 200: DeviceToken } },
      handle: async ({ body, request }) => ({
        status: 200,
        body: await pairDevice(deps, { address: request.ip, requestId: request.id, reached: request.socket }, body),
        headers: noStore,
      }),
    }),
    route({
      method: "POST",
      scopes: "public",
      givesPower: "the key that the terminal is paired with",
      limited: "devices per address",
      tag,
      path: deviceProofs.renewal.path,
      id: "device_token_post",
      summary: "Get a paired device's next token",
      schemas: { body: DeviceTokenRequest, responses: { 200: DeviceToken } },
      handle: async ({ body, request }) => ({
        status: 200,
        body: await renewToken(deps, { address: request.ip, requestId: request.id, reached: request.socket }, body),
        headers: noStore,
      }),
    }),
  ];
}
