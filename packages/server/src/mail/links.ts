import { createHmac, timingSafeEqual } from "node:crypto";

const bytesOf = { id: 16, signature: 16 };

/** Names messages in the links of their mails: by the id, signed, so that a reader of the database can make no links. */
export interface MailLinks {
  tokenOf: (id: string) => string;
  /** The id of a message; undefined for a token that is none of ours. */
  read: (token: string) => string | undefined;
}

/** Makes links that are signed by this key. */
export function mailLinks(key: Buffer): MailLinks {
  const sign = (id: Buffer) => createHmac("sha256", key).update(id).digest().subarray(0, bytesOf.signature);
  return {
    tokenOf(id) {
      const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
      return Buffer.concat([bytes, sign(bytes)]).toString("base64url");
    },
    read(token) {
      const bytes = Buffer.from(token, "base64url");
      // Of the last character two bits mean nothing: one message has one link.
      if (bytes.length !== bytesOf.id + bytesOf.signature || bytes.toString("base64url") !== token) return undefined;
      const id = bytes.subarray(0, bytesOf.id);
      if (!timingSafeEqual(sign(id), bytes.subarray(bytesOf.id))) return undefined;
      const hex = id.toString("hex");
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  };
}

/** The addresses behind the links of a message, at this address of the server. */
export function linksOf(serverUrl: string, token: string): { day: string; end: string } {
  const day = `${serverUrl}/v1/closing-mails/${token}`;
  return { day, end: `${day}/end` };
}
