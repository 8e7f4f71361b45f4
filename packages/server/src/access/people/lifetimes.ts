/** A session ends so long after its last request, and after its beginning at the latest. In real time: no sandbox moves it (D38). */
export const idleSeconds = 12 * 3_600;
export const sessionSeconds = 7 * 86_400;
/** How often a session's last request is written: not for each request. */
export const seenSeconds = 60;
/** How long a person may take to sign in at a provider. */
export const flowSeconds = 600;
/** How long each kind of link works. */
export const linkSeconds = { invitation: 7 * 86_400, reset: 86_400, sign_in: 86_400 } as const;
/** How long ended sessions and links are kept. So long the network of a sign-in counts as known. */
export const keptDays = 30;
