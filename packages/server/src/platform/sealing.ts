import { CompactEncrypt, compactDecrypt } from "jose";

const method = { alg: "dir", enc: "A256GCM" } as const;

/** Encrypts a value for a row of the database by a key of 32 bytes: a JWE that names the row in its protected header. */
export function seal(key: Uint8Array, row: string, value: unknown): Promise<string> {
  const plain = new TextEncoder().encode(JSON.stringify(value));
  return new CompactEncrypt(plain).setProtectedHeader({ ...method, kid: row }).encrypt(key);
}

/** Returns the value. Throws when it was encrypted with another key, changed, or moved to another row. */
export async function unseal(key: Uint8Array, row: string, text: string): Promise<unknown> {
  const { plaintext, protectedHeader } = await compactDecrypt(text, key, {
    keyManagementAlgorithms: [method.alg],
    contentEncryptionAlgorithms: [method.enc],
  });
  if (protectedHeader["kid"] !== row) throw new Error(`what is sealed for ${row} is that of another row`);
  return JSON.parse(new TextDecoder().decode(plaintext));
}
