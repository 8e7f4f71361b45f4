import { isIP } from "node:net";
import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import type { Port } from "../platform/listen.ts";

/** Reports a fault of a setting: the end of a sentence that begins with the setting's name. */
export type ReportFault = (message: string) => void;

/** How a setting is parsed. */
export interface Kind<Value> {
  /** The default, in words; left out when there is none. */
  byDefault?: string | undefined;
  /** Parses the setting. `text` is never empty. Faults go to `fault`; the value returned after a fault is not used. */
  read(text: string | undefined, fault: ReportFault): Value;
}

/** Any text. */
export const text = (): Kind<string | undefined> => ({ read: (given) => given });

export const textOr = (byDefault: string): Kind<string> => ({ byDefault, read: (given = byDefault) => given });

/** A text of a form, which `rule` describes in words. */
export const textLike = (form: RegExp, rule: string): Kind<string | undefined> => ({
  read(given, fault) {
    if (given !== undefined && !form.test(given)) fault(`must be ${rule}.`);
    return given;
  },
});

/** A whole number from `least` to `most`. */
export const whole = (least: number, most: number, byDefault: number): Kind<number> => ({
  byDefault: String(byDefault),
  read: (given, fault) => numberOf(given ?? String(byDefault), [least, most], fault),
});

/** As `whole`, for a default that depends on other settings: the caller fills it in. */
export const wholeIfSet = (least: number, most: number, byDefault: string): Kind<number | undefined> => ({
  byDefault,
  read: (given, fault) => (given === undefined ? undefined : numberOf(given, [least, most], fault)),
});

function numberOf(given: string, [least, most]: readonly [number, number], fault: ReportFault): number {
  const number = Number(given);
  if (!Number.isInteger(number) || number < least || number > most) {
    fault(`must be a whole number from ${least} to ${most}.`);
  }
  return number;
}

/** A port to listen on. When the default port is taken, the server may choose another; a configured port is fixed. */
export const port = (byDefault: number): Kind<Port> => ({
  byDefault: String(byDefault),
  read(given, fault) {
    if (given === undefined) return { number: byDefault, configured: false };
    if (!/^\d{1,5}$/.test(given) || Number(given) > 65_535) {
      fault(`must be a port number from 0 to 65535, not "${given}".`);
    }
    return { number: Number(given), configured: true };
  },
});

export const flag = (): Kind<boolean> => ({
  byDefault: "false",
  read(given = "false", fault) {
    if (!["true", "false"].includes(given)) fault(`must be true or false, not "${given}".`);
    return given === "true";
  },
});

/** As `flag`, for a default that depends on how the server is started. */
export const flagIfSet = (byDefault: string): Kind<boolean | undefined> => ({
  byDefault,
  read: (given, fault) => (given === undefined ? undefined : flag().read(given, fault)),
});

/** One of some words. */
export const oneOf = <Word extends string>(words: readonly Word[], byDefault: Word): Kind<Word> => ({
  byDefault,
  read(given = byDefault, fault) {
    const word = words.find((known) => known === given);
    if (word === undefined) fault(`must be one of ${words.join(", ")}.`);
    return word ?? byDefault;
  },
});

/** An address. The fault does not repeat it, because it may hold a password. */
export const url = (...protocols: string[]): Kind<string | undefined> => ({
  read(given, fault) {
    if (given === undefined) return undefined;
    if (!URL.canParse(given) || !protocols.includes(new URL(given).protocol)) {
      fault(`must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}.`);
    }
    return given;
  },
});

/** The address of an HTTP server, without a slash at its end. */
export const httpUrl = (byDefault?: string): Kind<string | undefined> => ({
  byDefault,
  read: (given, fault) => withoutTrailingSlashes(url("http:", "https:").read(given, fault) ?? "") || undefined,
});

/** The address of an HTTP server without a path. */
export const origin = (): Kind<string | undefined> => ({
  read(given, fault) {
    const address = httpUrl().read(given, fault);
    if (address !== undefined && URL.canParse(address) && new URL(address).pathname !== "/") {
      fault("must not have a path: the API begins at /v1 of its host.");
    }
    return address;
  },
});

/** Host names, perhaps with ports, beside the `usual` ones. A name with letters beyond ASCII is kept as it stands in addresses. */
export const hosts = (usual: readonly string[]): Kind<string[]> => ({
  read(given, fault) {
    const names = given === undefined ? [] : itemsOf(given);
    const own = names.map((name) => (/^[^/@?#]+$/.test(name) ? URL.parse(`http://${name}`)?.host : undefined));
    if (own.includes(undefined)) fault("must be host names, separated by commas.");
    return [...usual, ...own.filter((host) => host !== undefined)];
  },
});

/** Origins of web pages as browsers send them, `*` for all, or `none`. Undefined when unset. */
export const origins = (): Kind<"*" | string[] | undefined> => ({
  read(given, fault) {
    if (given === undefined || given === "*") return given;
    const all = given === "none" ? [] : itemsOf(given);
    const wrong = all.find((one) => URL.parse(one)?.origin !== one);
    if (wrong !== undefined) fault(`must be origins such as https://pos.example, not "${wrong}".`);
    return all;
  },
});

/** IP addresses, or networks like 10.0.0.0/8. */
export const networks = (): Kind<string[]> => ({
  read(given, fault) {
    const all = given === undefined ? [] : itemsOf(given);
    for (const network of all) {
      const [address = "", bits, ...more] = network.split("/");
      const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
      const fits = bits === undefined ? most > 0 : /^\d{1,3}$/.test(bits) && Number(bits) <= most;
      if (!fits || more.length > 0) fault(`must be addresses or networks, not "${network}".`);
    }
    return all;
  },
});

/** Whole numbers by name, as `first=1,second=2`. */
export const numbers = <Name extends string>(
  usual: Readonly<Record<Name, number>>,
  [least, most]: readonly [number, number],
): Kind<Partial<Record<Name, number>>> => ({
  byDefault: Object.entries<number>(usual)
    .map(([name, number]) => `${name}=${number}`)
    .join(","),
  read(given, fault) {
    const read: Partial<Record<Name, number>> = {};
    const names = Object.keys(usual) as Name[];
    for (const entry of given === undefined ? [] : itemsOf(given)) {
      const [word, digits = ""] = entry.split("=").map((part) => part.trim());
      const name = names.find((known) => known === word);
      const number = Number(digits);
      if (name && /^\d+$/.test(digits) && number >= least && number <= most) read[name] = number;
      else fault(`must be like ${names[0]}=240, from ${least} to ${most}, not "${entry}".`);
    }
    return read;
  },
});

function itemsOf(list: string): string[] {
  return list.split(",").map((item) => item.trim());
}
