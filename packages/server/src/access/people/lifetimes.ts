/** A session ends so long after its last request, and after its beginning at the latest. In real time: no sandbox moves it (D38). */
export const idleSeconds = 12 * 3_600;
export const sessionSeconds = 7 * 86_400;
/** A session's last request is noted so often: not with each. */
export const seenSeconds = 60;
/** How long a person may take to sign in at a provider. */
export const flowSeconds = 600;
/** How long each kind of link works. */
export const linkSeconds = { invitation: 7 * 86_400, reset: 86_400, sign_in: 86_400 } as const;
/** Ended sessions and links are kept so long. For that time a network from which a person signed in is known. */
export const keptDays = 30;
