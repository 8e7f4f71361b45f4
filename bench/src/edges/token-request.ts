import { audienceOf, basic, type ClientCredentials } from "@tillkeeper/stage/accounts/tokens";
import { type Answer, HttpConnection } from "../parts/http-connection.ts";

/** Returns the bytes of a token request in the documented form. */
export function tokenRequest(httpUrl: string, { accountId, clientId, secret }: ClientCredentials): Buffer {
  const body = JSON.stringify({
    grant_type: "client_credentials",
    audience: audienceOf(accountId),
  });
  const head = [
    `POST /v1/accounts/${accountId}/auth/token HTTP/1.1`,
    `host: ${new URL(httpUrl).host}`,
    `authorization: ${basic(clientId, secret)}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** Requests a token over a new connection from the local address `from`. */
export async function askForToken(httpUrl: string, ask: ClientCredentials, from: string): Promise<Answer> {
  const connection = await HttpConnection.open(httpUrl, from);
  try {
    return await connection.send(tokenRequest(httpUrl, ask));
  } finally {
    connection.close();
  }
}
