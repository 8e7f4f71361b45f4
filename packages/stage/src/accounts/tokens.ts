/** A client of an account, with its secret. */
export interface ClientCredentials {
  accountId: string;
  clientId: string;
  secret: string;
}

/** Returns the documented form of an account's audience, which every server accepts. */
export const audienceOf = (accountId: string): string => `https://api.dintero.com/v1/accounts/${accountId}`;

/** Returns the value of an Authorization header for HTTP Basic authentication. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/**
 * Fetches an access token with all grants of the client for that audience; by default, for the client's own account.
 */
export async function fetchToken(
  url: string,
  { accountId, clientId, secret }: ClientCredentials,
  inAccount = accountId,
): Promise<string> {
  const response = await fetch(`${url}/v1/accounts/${accountId}/auth/token`, {
    method: "POST",
    headers: {
      authorization: basic(clientId, secret),
      "content-type": "application/json",
      connection: "close",
    },
    body: JSON.stringify({ grant_type: "client_credentials", audience: audienceOf(inAccount) }),
  });
  if (!response.ok) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { access_token: string }).access_token;
}
