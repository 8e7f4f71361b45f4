import type { RuleName } from "../../src/check-client/rules/rule.ts";

/** What the small program can do wrong: the rule that it breaks, and the scenarios in which that shows. */
export const faults = {
  "no key": ["key-sent", ["calm"]],
  "new key on a retry": ["key-kept", ["lost-answer"]],
  "new key after a gateway's 504": ["key-kept", ["gateway"]],
  "old key for a new attempt": ["key-renewed", ["fails"]],
  "one key for two commands": ["key-one-request", ["calm"]],
  "deaf to the Retry-After of 409": ["waits-409", ["busy"]],
  "deaf to the Retry-After of 429": ["waits-429", ["too-many"]],
  "deaf to the Retry-After of 503": ["waits-503", ["unavailable"]],
  "two at once": ["one-at-a-time", ["busy"]],
  "sends and forgets": ["reads-to-end", ["calm"]],
  "a failed read is the end": ["reads-to-end", ["reads-fail"]],
  "a lost answer is the end": ["reads-to-end", ["lost-answer"]],
  "reads without a pause": ["poll-pace", ["long"]],
  "reads what has ended": ["poll-ends", ["calm"]],
  "TIMEOUT is a failure": ["timeout-open", ["times-out"]],
  "closes again in spite of the late result": ["timeout-open", ["times-out"]],
  "FAILED is a success": ["outcome-told", ["fails"]],
  "TIMEOUT is a success": ["outcome-told", ["times-out"]],
  "a token for each request": ["token-kept", ["calm"]],
  "a token for each impatience": ["token-kept", ["slow-token"]],
  "keeps a refused token": ["token-renewed", ["token-revoked"]],
  "401 is the end": ["token-renewed", ["token-ends"]],
  "401 for ever": ["token-loop", ["shut-out"]],
  "another audience": ["audience", ["calm"]],
  "secret in the address": ["secrets-hidden", ["calm"]],
  "JSON as text": ["content-type", ["calm"]],
  "404 for ever": ["refusal-final", ["refused"]],
  "knows all fields": ["unknown-fields", ["calm", "new-fields"]],
  "first page only": ["lists-whole", ["calm"]],
} as const satisfies Record<string, readonly [RuleName, readonly string[]]>;

export type Fault = keyof typeof faults;
