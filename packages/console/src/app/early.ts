/** Answers to requests with which a page begins, by their addresses. */
const early = new Map<string, Promise<Response>>();

/** What the screens of a store read first, below the store's own address. */
const ofStore: Readonly<Record<string, string>> = {
  today: "/closings/preview",
  terminals: "/presence?includes=telemetry",
};

/** What the screen of a terminal reads first, below the terminal's own address. */
const ofTerminal = ["", "/presence", "/pairing-codes"];

/** Asks for what the page of this address begins with, while the program is still on its way. */
export function askEarly({ pathname, search }: Pick<Location, "pathname" | "search">): void {
  const [, account, kind, id, screen = ""] =
    /^\/([PT]\d{8})(?:\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?)?/.exec(pathname) ?? [];
  if (account === undefined) return;
  ask("/v1/session");
  if (id === undefined) return;
  const one = `/v1/accounts/${account}/${kind}/${id}`;
  if (kind === "terminals") for (const below of ofTerminal) ask(one + below);
  // The address may ask for another part of it.
  if (kind === "terminals" && search === "") ask(`${one}/timeline?limit=50`);
  if (kind === "stores")
    for (const below of ["", "/configuration", ofStore[screen]]) if (below !== undefined) ask(one + below);
}

function ask(path: string): void {
  const answer = fetch(path, { credentials: "same-origin" });
  early.set(path, answer);
  // A request that failed, or was refused, is made again when a query needs its answer.
  answer.then(
    ({ ok }) => void (ok || early.delete(path)),
    () => early.delete(path),
  );
}

/** As `fetch`, with the answer that was asked for early, once. */
export const fetchOnce: typeof fetch = (input, init) => {
  const path = typeof input === "string" && (init?.method ?? "GET") === "GET" ? input.replace(location.origin, "") : "";
  const answer = early.get(path);
  early.delete(path);
  return answer ?? fetch(input, init);
};

/** Forgets answers that no query has taken: what happens from now on is not in them. */
export function forgetEarly(): void {
  early.clear();
}
