import { type Static, Type } from "typebox";
import { limits } from "../limits.ts";
import { ReleaseStatus } from "../releases.ts";
import { versionPattern } from "../versions.ts";

const Time = Type.String({ format: "date-time" });
export const ReleaseModel = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: "^[A-Za-z0-9._-]+$",
  examples: ["SATURN1000"],
});
export const Version = Type.String({ pattern: versionPattern, examples: ["4.2.0"] });
export const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256 of the file, hexadecimal." });
export const Signature = Type.String({
  pattern: "^[A-Za-z0-9_-]{86}$",
  description: "Ed25519 signature of the release's text, base64url without padding: see docs/updates.md.",
});
export const KeyId = Type.String({
  pattern: "^[A-Za-z0-9_-]{43}$",
  description: "The key's thumbprint (RFC 7638, SHA-256).",
});
const Size = Type.Integer({ minimum: 1, maximum: limits.releaseFileBytes, description: "Bytes of the file." });
const Notes = Type.String({ minLength: 1, maxLength: 4_000, description: "For people." });

const described = { device_model: ReleaseModel, version: Version, size: Size, sha256: Sha256 };

export const ReleaseCreate = Type.Object(
  { ...described, signature: Signature, key_id: KeyId, notes: Type.Optional(Notes) },
  { additionalProperties: false },
);
export type ReleaseCreate = Static<typeof ReleaseCreate>;

export const Release = Type.Object({
  id: Type.String({ format: "uuid" }),
  ...described,
  signature: Signature,
  key_id: KeyId,
  notes: Type.Optional(Notes),
  status: ReleaseStatus,
  offered: Type.Boolean({ description: "Terminals may get it: it is available, and its key is not revoked." }),
  created_at: Time,
  created_by: Type.String(),
  updated_at: Time,
  updated_by: Type.String(),
});
export type Release = Static<typeof Release>;

const startingAfter = Type.Optional(
  Type.String({ description: "Pass it on to get the next page; absent on the last." }),
);

export const ReleaseList = Type.Object({ releases: Type.Array(Release), starting_after: startingAfter });
export type ReleaseList = Static<typeof ReleaseList>;

export const releaseFilters = {
  device_model: Type.Optional(ReleaseModel),
  status: Type.Optional(ReleaseStatus),
};

/** A public key with which releases are verified (RFC 8037). There is no field for a private part. */
export const ReleasePublicKey = Type.Object(
  {
    kty: Type.Literal("OKP"),
    crv: Type.Literal("Ed25519"),
    x: Type.String({ pattern: "^[A-Za-z0-9_-]{43}$", description: "The 32 bytes of the key, base64url." }),
  },
  { additionalProperties: false },
);
export type ReleasePublicKey = Static<typeof ReleasePublicKey>;

export const ReleaseKeyCreate = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 255, pattern: "^[^\\p{Cc}]+$" }), public_key: ReleasePublicKey },
  { additionalProperties: false },
);
export type ReleaseKeyCreate = Static<typeof ReleaseKeyCreate>;

export const ReleaseKey = Type.Object({
  key_id: KeyId,
  name: Type.String(),
  public_key: ReleasePublicKey,
  created_at: Time,
  created_by: Type.String(),
  revoked_at: Type.Optional(Time),
  revoked_by: Type.Optional(Type.String()),
});
export type ReleaseKey = Static<typeof ReleaseKey>;

export const ReleaseKeyList = Type.Object({ release_keys: Type.Array(ReleaseKey) });
export type ReleaseKeyList = Static<typeof ReleaseKeyList>;
