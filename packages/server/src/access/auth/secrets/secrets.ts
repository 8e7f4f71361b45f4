import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

declare const made: unique symbol;

/** A secret that the server made: 256 random bits, so no guess at it can succeed, however fast. */
export type MadeSecret = string & { readonly [made]: true };

export function newSecret(): MadeSecret {
  return randomBytes(32).toString("base64url") as MadeSecret;
}

/** 32 bytes as base64url: the last character carries four bits. */
const madeForm = /^[\w-]{42}[AEIMQUYcgkosw048]$/;

/** Whether a text has the form of a made secret. Other texts are none. */
export function hasMadeForm(text: string): text is MadeSecret {
  return madeForm.test(text);
}

/** For secrets of 256 random bits, where guessing is hopeless and thousands of terminals reconnect at once. */
export function sha256(secret: string | Buffer): Buffer {
  return createHash("sha256").update(secret).digest();
}

export function sha256Matches(secret: string | Buffer, expected: Buffer): boolean {
  const actual = sha256(secret);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
