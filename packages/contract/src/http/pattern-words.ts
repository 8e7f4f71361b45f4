import { accountIdPattern, operatorAccountIdPattern } from "../accounts.ts";
import { deviceAddressPattern } from "../addresses.ts";
import { eventIdPattern } from "../events.ts";
import { modelPattern, namePattern, pairingReferencePattern, storeIdPattern } from "../names.ts";
import { versionPattern } from "../versions.ts";
import { clientIdPattern } from "./clients.ts";
import { eventCursorPattern } from "./events.ts";
import { ownPathPattern } from "./oidc.ts";
import { emailPattern } from "./people.ts";
import { aroundPattern, entryIdPattern } from "./timeline.ts";

/**
 * What each pattern of a request allows, in words: the end of a sentence that begins with the place. Callers read these
 * in errors, in place of a regular expression. A test finds patterns that have none.
 */
export const patternWords: Readonly<Record<string, string>> = {
  [accountIdPattern]: "must be an account's id: P or T and eight digits",
  [operatorAccountIdPattern]: "must be an account's id: P or T and eight digits, or three for an operator",
  [clientIdPattern]:
    "must be 1-64 letters, digits, or any of . _ @ -; and neither `system`, nor `autopilot`, nor `device`, nor the id of a terminal",
  [deviceAddressPattern]: "must be a device's address, such as T12345678-T0001-D3632400",
  [aroundPattern]: "must be a time such as 2026-06-29T23:31, of the store, or with an offset: 2026-06-29T21:31:00Z",
  [entryIdPattern]: "must be the `id` of an entry of a timeline",
  [versionPattern]: "must be 1-64 letters, digits, or any of . _ + -",
  [namePattern]: "must have a visible character and no control characters, such as a tab or a line break",
  [storeIdPattern]:
    "must have a visible character, no slash, no control character, and no blank at its beginning or end, and not be . or ..",
  [pairingReferencePattern]: "must have only letters, digits, signs and blanks, one of them visible",
  [emailPattern]: "must be an e-mail address, such as kari@kiosk.example",
  [ownPathPattern]:
    "must be a path of this server, such as /T12345678/today: one slash at its beginning, no blanks, no backslashes",
  [modelPattern]: "must have only letters, digits, or any of . _ -, and not be . or ..",
  [eventIdPattern]: "must be the `id` of an event, such as 9f3a01bc-1042",
  [eventCursorPattern]: "must be the `id` of an event, such as 9f3a01bc-1042, or 0, latest, or recent",
  "^[Hh][Tt][Tt][Pp][Ss]?://[!-~]+$": "must be an address that begins with http:// or https:// and has no blanks",
  "^[!-~]([ -~]*[!-~])?$": "must be printable ASCII characters without a blank at either end",
  "^[!-~]+$": "must be printable ASCII characters without blanks",
  "^[a-z0-9-]{1,64}$": "must be 1-64 letters from a to z, digits, or hyphens",
  "^[0-9]{4}-(0[1-9]|1[0-2])$": "must be a month, such as 2026-06",
  "^[^\\p{Cc}]+$": "must not have control characters, such as a tab or a line break",
  "^[^\\p{Cc}]*$": "must not have control characters, such as a tab or a line break",
  "^[^,]+$": "must not have a comma",
  "^[\\x21\\x23-\\x5B\\x5D-\\x7E]+$": "must be printable ASCII characters without blanks, quotes and backslashes",
  "^[!-~]*$": "must be printable ASCII characters without blanks",
  "^[A-Za-z0-9-]{1,64}$": "must be 1-64 letters from A to Z, digits, or hyphens",
  "^[A-Za-z0-9._-]+$": "must be letters from A to Z, digits, or any of . _ -",
  "^[A-Za-z0-9_-]{1,40}$": "must be 1-40 letters from A to Z, digits, or any of _ -",
  "^[A-Za-z0-9_-]{43}$": "must be 43 characters of base64url: letters, digits, or any of _ -",
  "^[A-Za-z0-9_-]{86}$": "must be 86 characters of base64url: letters, digits, or any of _ -",
  "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}$": "must be a tag of a language, such as nb or sv-SE",
  "^[1-5](?:\\d\\d|xx)$": "must be a status such as 409, or a class of them such as 4xx",
  "^[0-9a-f]{64}$": "must be 64 hexadecimal digits in lower case",
  "^\\+[1-9]\\d{1,14}$": "must be a phone number in E.164 form, such as +4799999999",
  "^([01]\\d|2[0-3]):[0-5]\\d$": "must be a time of the day from 00:00 to 23:59, such as 23:30",
  "^P(?=\\d|T\\d)(\\d{1,4}D)?(T(?=\\d)(\\d{1,5}H)?(\\d{1,6}M)?(\\d{1,7}S)?)?$":
    "must be a duration of days, hours, minutes and seconds by ISO 8601, such as PT8H or P1DT30M",
  "^\\d{4}-\\d{2}-\\d{2}$": "must be a date, such as 1990-12-25",
  "^[1-9]\\d{0,8}$": "must be a whole number from 1 to 999999999, without leading zeros",
  "^\\d{1,15}$": "must be a whole number of at most 15 digits",
  "^\\d{1,4}$": "must be a merchant category code of at most four digits, such as 2741",
  "^[A-Z]{3}$": "must be a currency of ISO 4217 in capital letters, such as NOK",
  "^[A-Z0-9]{8}([A-Z0-9]{3})?$": "must be a BIC of 8 or 11 capital letters and digits, such as DNBANOKKXXX",
  "^\\*{0,30}[A-Z0-9]{4,34}$":
    "must be a whole bank account number in capital letters and digits, or one as the destination's answers show it",
  "^[A-Z0-9]{6,34}$": "must be 6-34 capital letters and digits without blanks, such as NO9386011117947",
};
