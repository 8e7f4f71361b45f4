import { Type } from "typebox";
import { withoutTrailingSlashes } from "./urls.ts";

/** The states of a pairing code. By such a code, used once, a device becomes a terminal's. */
export const pairingCodeStatuses = ["open", "used", "expired", "replaced", "exhausted"] as const;
export const PairingCodeStatus = Type.Enum(pairingCodeStatuses, {
  description:
    "open: a device can pair with it. used: a device has. expired: its time ran out. replaced: a newer code, or the end " +
    "of the terminal, ended it. exhausted: too many wrong tries ended it.",
});
export type PairingCodeStatus = (typeof pairingCodeStatuses)[number];

export const pairingCodeEvents = [
  "device_paired",
  "time_ran_out",
  "newer_code_issued",
  "terminal_deleted",
  "guessed_too_often",
] as const;
export type PairingCodeEvent = (typeof pairingCodeEvents)[number];

/** The status that each event gives to an open code. Every other status is final. */
export const pairingCodeMoves = {
  device_paired: "used",
  time_ran_out: "expired",
  newer_code_issued: "replaced",
  terminal_deleted: "replaced",
  guessed_too_often: "exhausted",
} as const satisfies Record<PairingCodeEvent, Exclude<PairingCodeStatus, "open">>;

export const pairingLimits = {
  codeSecondsDefault: 900,
  codeSecondsMin: 60,
  codeSecondsMax: 86_400,
  /** Wrong tries that end a code. Among 2^40 codes, so many guesses succeed once in two hundred million. */
  wrongTries: 5_000,
  /** Counts of wrong tries of one code at which the account's audit log gets an entry. */
  wrongTriesAudited: [10, 100, 1_000],
  /** Networks that such an entry names; tries from further networks are only counted. */
  wrongTriesAddresses: 20,
  /** Tries a minute from one network for one serial number, counted by each server process. */
  triesPerMinute: 10,
  /** Tokens a minute for one terminal, counted by each server process. */
  renewalsPerMinute: 60,
  nonceSeconds: 120,
  /** How long after the end of its newest token a connected device may still renew it. */
  tokenGraceSeconds: 120,
  proofCharacters: 4_096,
} as const;

/** Crockford's base32: digits and letters without I, L, O and U, which are misread. */
export const pairingCodeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
export const pairingCodeCharacters = 8;

/** A pairing code as people read it out: `XXXX-XXXX`. */
export function showPairingCode(code: string): string {
  const half = pairingCodeCharacters / 2;
  return `${code.slice(0, half)}-${code.slice(half)}`;
}

/** Reads a typed pairing code: in either case, with or without hyphen and spaces, O for 0 and I or L for 1. */
export function readPairingCode(typed: string): string {
  return typed.toUpperCase().replaceAll(/[\s-]/g, "").replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}

/** What the QR code of a pairing holds: enough for a device that knows only its own serial number. */
export interface PairingInvitation {
  /** The server's address, without a slash at the end. */
  server: string;
  serialNumber: string;
  code: string;
}

const scheme = "tillkeeper:pair?";

/** The text of a pairing's QR code: `tillkeeper:pair?server=…&serial=…&code=…`, each value percent-encoded. */
export function pairingUri({ server, serialNumber, code }: PairingInvitation): string {
  const values = { server, serial: serialNumber, code };
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${scheme}${pairs.join("&")}`;
}

/** Reads a scanned text; `undefined` when it is not of a pairing. Unknown fields, of later versions, are ignored. */
export function readPairingUri(text: string): PairingInvitation | undefined {
  const trimmed = text.trim();
  if (trimmed.slice(0, scheme.length).toLowerCase() !== scheme) return undefined;
  const values = new URLSearchParams(trimmed.slice(scheme.length));
  const [server, serialNumber, code] = ["server", "serial", "code"].map((name) => values.get(name) ?? "");
  if (!server || !serialNumber || !code || !URL.canParse(server)) return undefined;
  if (!["http:", "https:"].includes(new URL(server).protocol)) return undefined;
  return { server: withoutTrailingSlashes(server), serialNumber, code };
}

/**
 * The purposes of a proof, which is a compact JWS that a device signs with its own key. A proof is valid for one kind of
 * request. The header's `typ` names the purpose, and the payload's `aud` is the URL of the request.
 */
export const deviceProofs = {
  pairing: { type: "device-pairing+jwt", path: "/v1/device/pair" },
  renewal: { type: "device-renewal+jwt", path: "/v1/device/token" },
  results: { type: "device-results+jwt", path: "/v1/device/results" },
} as const;
export type DeviceProofPurpose = keyof typeof deviceProofs;

/** `aud` of a proof: the URL that it is sent to, as `htu` of RFC 9449. So a server cannot use it at another server. */
export function deviceProofAudience(server: string, purpose: DeviceProofPurpose): string {
  return new URL(deviceProofs[purpose].path, server).href;
}

/** The signatures that a device may use, with the form of their public keys (RFC 7518, RFC 8037). */
export const deviceKeyForms = {
  EdDSA: { kty: "OKP", crv: "Ed25519" },
  ES256: { kty: "EC", crv: "P-256" },
} as const;
export type DeviceAlgorithm = keyof typeof deviceKeyForms;
