import { accountIdPattern, operatorAccountIdPattern } from "@tillkeeper/contract/accounts";

const accountPath = /^\/v1\/accounts\/([^/]+)$/;
const accountId = new RegExp(`${accountIdPattern}|${operatorAccountIdPattern}`);

/**
 * The account that an audience names: `{any accepted host}/v1/accounts/{id}`, also with the account as user of the URL
 * (`https://T12345678@host/v1/accounts/T12345678`), as existing clients send it (D24).
 * `undefined` when it names another host or no account.
 */
export function accountOfAudience(audience: string, acceptedHosts: ReadonlySet<string>): string | undefined {
  const named = readAccountUrl(audience);
  return named && acceptedHosts.has(named.host) ? named.accountId : undefined;
}

/** A server without a public address says a loopback one, whose port may be another after a restart. */
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/**
 * The account whose token endpoint an issuer is, if it is one of ours. Besides the hosts of audiences those of loopback
 * count, on a server that itself is reached by loopback. When the public address changes, the old host has to be among the
 * accepted ones until the tokens from there have expired.
 */
export function accountOfIssuer(issuer: string, acceptedHosts: ReadonlySet<string>): string | undefined {
  const named = readAccountUrl(issuer);
  if (!named) return undefined;
  const ours =
    acceptedHosts.has(named.host) || (loopback.test(named.host) && [...acceptedHosts].some((h) => loopback.test(h)));
  return ours ? named.accountId : undefined;
}

function readAccountUrl(text: string): { host: string; accountId: string } | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const id = accountPath.exec(url.pathname)?.[1];
  if (!id || !accountId.test(id)) return undefined;
  if (!["http:", "https:"].includes(url.protocol) || url.search || url.hash || url.password) return undefined;
  if (url.username && url.username !== id) return undefined;
  return { host: url.host, accountId: id };
}
