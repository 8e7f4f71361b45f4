/** A session ends so long after its last request, and after its beginning at the latest. In real time: no sandbox moves it (D38). */
export const idleSeconds = 12 * 3_600;
export const sessionSeconds = 7 * 86_400;
/** How often a session's last request is written: not for each request. */
export const seenSeconds = 60;
/** How long a person may take to sign in at a provider. */
export const flowSeconds = 600;
/**
 * So many codes of an authenticator are tried in a row; further ones are refused unseen, until a recovery code is accepted. Of a million codes three are right
 * at a time, so who has the password guesses one with a chance of 0.006 %.
 */
export const mostCodeTries = 20;
/** How long a front end has to exchange a code (RFC 6749 section 4.1.2: ten minutes at most). */
export const codeSeconds = 60;
/** How long a person's token works, unless its session ends before. */
export const personTokenSeconds = 12 * 3_600;
/** How long each kind of link works. */
export const linkSeconds = { invitation: 7 * 86_400, reset: 86_400, sign_in: 86_400 } as const;
/** How long ended sessions and links are kept. So long the network of a sign-in counts as known. */
export const keptDays = 30;
