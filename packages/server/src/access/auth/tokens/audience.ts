import { accountIdPattern, operatorAccountIdPattern } from "@tillkeeper/contract/accounts";
import { ApiError } from "../../../platform/errors.ts";

const accountPath = /^\/v1\/accounts\/([^/]+)$/;
const accountId = new RegExp(`${accountIdPattern}|${operatorAccountIdPattern}`);

/**
 * The account that an audience names: `{any accepted host}/v1/accounts/{id}`. Existing clients also send the account as
 * user of the URL (`https://T12345678@host/v1/accounts/T12345678`, D24). `undefined` when the audience names another
 * host or no account.
 */
export function accountOfAudience(audience: string, acceptedHosts: ReadonlySet<string>): string | undefined {
  // Clients that build it from a base address may have a slash too many (D36).
  const named = readAccountUrl(audience.replace(/\/$/, ""));
  return named && acceptedHosts.has(named.host) ? named.accountId : undefined;
}

/** Whether the address is one of an accepted host. */
export function isOnHosts(address: string, acceptedHosts: ReadonlySet<string>): boolean {
  const host = URL.parse(address)?.host;
  return host !== undefined && acceptedHosts.has(host);
}

/** The refusal of an audience at `path`: which hosts count, and the setting that adds others. */
export function invalidAudience(text: string, path: string, acceptedHosts: ReadonlySet<string>): ApiError {
  const hosts = [...acceptedHosts].join(", ");
  const form = "must be {server}/v1/accounts/{account_id}";
  return new ApiError("invalid_audience", text, {
    errors: [{ path, message: `${form}, the host of {server} one of ${hosts}; TILLKEEPER_AUDIENCE_HOSTS adds others` }],
  });
}

/** A server without a public address names a loopback address, whose port may change with a restart. */
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/**
 * The account whose token endpoint an issuer is, if the issuer is this server. Issuers may name any host that audiences
 * may name, and any loopback host while the server itself is reached by loopback. After a change of the public address
 * the old host must stay accepted until its tokens have expired.
 */
export function accountOfIssuer(issuer: string, acceptedHosts: ReadonlySet<string>): string | undefined {
  const named = readAccountUrl(issuer);
  if (!named) return undefined;
  const ours =
    acceptedHosts.has(named.host) || (loopback.test(named.host) && [...acceptedHosts].some((h) => loopback.test(h)));
  return ours ? named.accountId : undefined;
}

function readAccountUrl(text: string): { host: string; accountId: string } | undefined {
  const url = URL.parse(text);
  // The parser drops blanks around an address, which are no part of one.
  if (!url || text !== text.trim()) return undefined;
  const id = accountPath.exec(url.pathname)?.[1];
  if (!id || !accountId.test(id)) return undefined;
  if (!["http:", "https:"].includes(url.protocol) || url.search || url.hash || url.password) return undefined;
  if (url.username && url.username !== id) return undefined;
  return { host: url.host, accountId: id };
}
