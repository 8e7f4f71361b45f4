/** Variables whose names begin like settings, but are not settings. */
export interface UnknownVariables {
  /** Likely typing errors, with the setting that was meant. */
  mistyped: { name: string; meant: string }[];
  /** Variables of unknown purpose. */
  others: string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

const prefix = "TILLKEEPER_";
const mostTypos = 2;

/** Finds variables with the prefix of settings that are not settings. Variables set by Kubernetes are skipped. */
export function findUnknown(env: Environment, known: readonly string[]): UnknownVariables {
  const names = Object.keys(env).filter(
    (name) => name.startsWith(prefix) && !known.includes(name) && !isInjected(env, name),
  );
  const found: UnknownVariables = { mistyped: [], others: [] };
  for (const name of names) {
    const meant = known.find((setting) => typosBetween(name, setting) <= mostTypos);
    if (meant === undefined) found.others.push(name);
    else found.mistyped.push({ name, meant });
  }
  return found;
}

/**
 * Whether Kubernetes has set a variable: it does so in each pod, for each Service of the namespace. A Service named
 * `tillkeeper-mqtt` makes TILLKEEPER_MQTT_PORT an address.
 */
export function isInjected(env: Environment, name: string): boolean {
  if (/_SERVICE_(?:HOST|PORT)(?:_|$)/.test(name) || /_PORT_\d{1,5}_(?:TCP|UDP|SCTP)(?:_|$)/.test(name)) return true;
  return name.endsWith("_PORT") && /^(?:tcp|udp|sctp):\/\/[\w.:[\]]+$/.test(env[name] ?? "");
}

/** Edit distance: letters to insert, leave out, change or swap with a neighbour. */
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
