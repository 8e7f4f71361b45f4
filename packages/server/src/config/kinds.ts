import { isIP } from "node:net";
import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import type { Port } from "../platform/listen.ts";
import { mailAddressFault, sendable } from "../platform/mail-address.ts";

/** Reports a fault of a setting: the end of a sentence that begins with the setting's name. */
export type ReportFault = (message: string) => void;

/** How a setting is parsed. */
export interface Kind<Value> {
  /** The default, in words; left out when there is none. */
  byDefault?: string | undefined;
  /** It may also stand in a file, which the setting `NAME_FILE` names. */
  secret?: true;
  /** Parses the setting. `text` is never empty. Faults go to `fault`; the value returned after a fault is not used. */
  read(text: string | undefined, fault: ReportFault): Value;
}

/** A secret setting: it may also stand in a file, which the setting `NAME_FILE` names. */
export const secret = <Value>(kind: Kind<Value>): Kind<Value> & { secret: true } => ({ ...kind, secret: true });

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

/** As `port`; left out, nothing listens. */
export const portIfSet = (): Kind<Port | undefined> => ({
  read: (given, fault) => (given === undefined ? undefined : port(0).read(given, fault)),
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

/** A mail server, and how it is spoken to. */
export interface SmtpServer {
  host: string;
  port: number;
  /** TLS from the first byte on. */
  tls: boolean;
  login?: { user: string; password: string };
}

/** The address of a mail server. The fault does not repeat it, because it may hold a password. */
export const smtpServer = (): Kind<SmtpServer | undefined> => ({
  read(given, fault) {
    if (given === undefined) return undefined;
    const read = URL.parse(given);
    const plain = read && ["", "/"].includes(read.pathname) && read.search === "" && read.hash === "";
    const [user, password] = [decoded(read?.username), decoded(read?.password)];
    const isWhole = (user ?? "") === "" ? password === "" : (password ?? "") !== "";
    if (!read || !["smtp:", "smtps:"].includes(read.protocol) || read.hostname === "" || !plain || !isWhole) {
      fault(
        "must be like smtp://mail.example:587 or smtps://user:password@mail.example, with signs such as @ and / as %40 and %2F.",
      );
      return undefined;
    }
    const tls = read.protocol === "smtps:";
    return {
      host: read.hostname.replaceAll(/[[\]]/g, ""),
      port: Number(read.port) || (tls ? 465 : 587),
      tls,
      ...(user && password && { login: { user, password } }),
    };
  },
});

function decoded(part = ""): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** Who mail comes from. */
export interface MailSender {
  name: string;
  address: string;
}

/** An address of mail, perhaps with a name before it: `Kiosk <post@kiosk.example>`. */
export const sender = (): Kind<MailSender | undefined> => ({
  read(given, fault) {
    if (given === undefined) return undefined;
    const [, name = "", inBrackets] = /^([^<>"\p{Cc}]*)<([^<>]*)>$/u.exec(given) ?? [];
    const address = inBrackets ?? given;
    const wrong = mailAddressFault(address);
    if (wrong !== undefined) fault(`must be an address, or a name and an address in <>. The address ${wrong}.`);
    return { name: name.trim(), address: wrong === undefined ? sendable(address) : address };
  },
});

function itemsOf(list: string): string[] {
  return list.split(",").map((item) => item.trim());
}
