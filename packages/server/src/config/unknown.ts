/** Variables whose names begin like settings, and are none. */
export interface Unknown {
  /** What somebody has most likely mistyped, with the setting that was meant. */
  mistyped: { name: string; meant: string }[];
  /** Of these nobody knows what they are for. */
  others: string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const prefix = "TILLKEEPER_";
const mostTypos = 2;

/** Looks through the environment for what is no setting. What Kubernetes puts there is passed over. */
export function findUnknown(env: Environment, known: readonly string[]): Unknown {
  const names = Object.keys(env).filter(
    (name) => name.startsWith(prefix) && !known.includes(name) && !isInjected(env, name),
  );
  const found: Unknown = { mistyped: [], others: [] };
  for (const name of names) {
    const meant = known.find((setting) => typosBetween(name, setting) <= mostTypos);
    if (meant === undefined) found.others.push(name);
    else found.mistyped.push({ name, meant });
  }
  return found;
}

/**
 * Whether Kubernetes has put a variable there: it does so in each pod, for each Service of the namespace. One that is called
 * `tillkeeper-mqtt` makes TILLKEEPER_MQTT_PORT an address.
 */
export function isInjected(env: Environment, name: string): boolean {
  if (/_SERVICE_(?:HOST|PORT)(?:_|$)/.test(name) || /_PORT_\d{1,5}_(?:TCP|UDP|SCTP)(?:_|$)/.test(name)) return true;
  return name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\/[\w.:[\]]+$/.test(env[name] ?? "");
}

/** How many letters are to be put in, left out, changed or swapped with their neighbours to make one word of the other. */
function typosBetween(one: string, other: string): number {
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, index) => index)];
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next[column] = Math.min(
        (next[column - 1] ?? 0) + 1,
        (last[column] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[column - 2] ?? Infinity) + 1 : Infinity,
      );
    }
    [beforeLast, last] = [last, next];
  }
  return last[other.length] ?? 0;
}
