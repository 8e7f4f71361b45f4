import { domainToASCII } from "node:url";

// RFC 5322, the form without quotes and comments: what people and mail servers use.
const localForm = /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/;
const labelForm = /^[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/;
const longest = { whole: 254, local: 64 };

/**
 * The fault of an e-mail address, as the end of a sentence; undefined if mail can be sent to it. A domain may have letters beyond
 * ASCII, for which DNS has a form. What stands before the `@` may not: many mail servers on the way would refuse it (RFC 6531).
 */
export function mailAddressFault(address: string): string | undefined {
  const at = address.lastIndexOf("@");
  const local = address.slice(0, at);
  if (at <= 0) return "must be an e-mail address such as drift@kiosk.example";
  if (/\P{ASCII}/u.test(local)) return "must have only letters of ASCII before the @; many mail servers refuse others";
  if (!localForm.test(local) || local.length > longest.local) {
    return `must have at most ${longest.local} letters, digits or signs before the @, without blanks, quotes or brackets`;
  }
  const domain = asciiDomain(address.slice(at + 1));
  const labels = domain.split(".");
  if (labels.length < 2 || !labels.every((label) => labelForm.test(label)) || /^\d+$/.test(labels.at(-1) ?? "")) {
    return "must have a domain such as kiosk.example behind the @";
  }
  return local.length + 1 + domain.length > longest.whole ? `must not be longer than ${longest.whole}` : undefined;
}

/** An address without fault as mail is sent to it: its domain in ASCII and lower case. */
export function sendable(address: string): string {
  const at = address.lastIndexOf("@");
  return `${address.slice(0, at)}@${asciiDomain(address.slice(at + 1))}`;
}

/** By what addresses are the same: no mail server in use tells them apart by their case. */
export function mailKey(address: string): string {
  return sendable(address).toLowerCase();
}

/** The ASCII form of a domain; empty for other texts. Blanks and signs are refused first: the library drops or reads some. */
function asciiDomain(domain: string): string {
  return /[\s\p{C}/\\@:?#%[\]<>"'(),;]/u.test(domain) ? "" : domainToASCII(domain);
}
