import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

declare const generated: unique symbol;

/** A secret that the server generated: 256 random bits, so no guess can succeed, however fast. */
export type GeneratedSecret = string & { readonly [generated]: true };

/** Generates a secret: 32 random bytes as base64url. */
export function newSecret(): GeneratedSecret {
  return randomBytes(32).toString("base64url") as GeneratedSecret;
}

/** 32 bytes as base64url: the last character carries four bits. */
const generatedForm = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

/** Whether a text has the form of a generated secret. A text without it cannot be a generated secret. */
export function hasGeneratedForm(text: string): text is GeneratedSecret {
  return generatedForm.test(text);
}

/**
 * Hashes a secret of 256 random bits. A fast hash suffices: guessing is hopeless, and thousands of terminals reconnect
 * at once.
 */
export function sha256(secret: string | Buffer): Buffer {
  return createHash("sha256").update(secret).digest();
}

/** Compares a secret's digest in constant time. */
export function sha256Matches(secret: string | Buffer, expected: Buffer): boolean {
  const actual = sha256(secret);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
