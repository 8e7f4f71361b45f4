import { accountIdPattern, operatorAccountIdPattern } from "@tillkeeper/contract/accounts";

const accountPath = /^\/v1\/accounts\/([^/]+)$/;
const accountId = new RegExp(`${accountIdPattern}|${operatorAccountIdPattern}`);

/**
 * The account that an audience names: `{any accepted host}/v1/accounts/{id}`, also with the account as user of the URL
 * (`https://T12345678@host/v1/accounts/T12345678`), as existing clients send it (D24).
 * `undefined` when it names another host or no account.
 */
export function accountOfAudience(audience: string, acceptedHosts: ReadonlySet<string>): string | undefined {
  if (!URL.canParse(audience)) return undefined;
  const url = new URL(audience);
  const id = accountPath.exec(url.pathname)?.[1];
  if (!id || !accountId.test(id)) return undefined;
  if (!["http:", "https:"].includes(url.protocol) || url.search || url.hash || url.password) return undefined;
  if (url.username && url.username !== id) return undefined;
  return acceptedHosts.has(url.host) ? id : undefined;
}
