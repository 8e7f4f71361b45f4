/** What stands for a code of the system, or of fetch, in a sentence for people. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed",
  EAI_AGAIN: "no such host",
  ENOTFOUND: "no such host",
  EHOSTUNREACH: "no way to the host",
  ENETUNREACH: "no network",
  ETIMEDOUT: "no answer in time",
  TimeoutError: "no answer in time",
  UND_ERR_SOCKET: "connection closed",
};

/** Why a server was not reached, in words; undefined when the error is not about that. Looks at the causes of an error, too. */
export function networkFault(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    const found = words[typeof code === "string" ? code : at.name];
    if (found !== undefined) return found;
  }
  return undefined;
}
