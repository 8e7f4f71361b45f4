import { createHmac } from "node:crypto";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { TakenCredential } from "../../../../../terminals/credentials/broker-grant.ts";
import type { BrokerAccess, BrokerAddress } from "../access.ts";
import { shareOf } from "../share.ts";
import {
  clientRemoval,
  creation,
  isServerUser,
  removal,
  serverCreation,
  serverRemoval,
  serverUser,
} from "./commands.ts";
import { type Command, control } from "./control.ts";

/** A device that may connect; without a generation when it has a password, which nobody else knows. */
interface LiveDevice {
  address: string;
  generation?: string | undefined;
}

interface MosquittoOptions extends BrokerAddress {
  /** Passwords for devices with tokens, and the servers' own, come from it. */
  secret: string;
  live: () => Promise<LiveDevice[]>;
}

/**
 * Mosquitto with its dynamic security plugin: each device is a client there, made and removed by us. The plugin cannot
 * change a password without ending the connection, so a device with tokens gets one password for as long as it renews
 * them in time, and a renewed token changes nothing at the broker. It knows no end of a password: we take it away.
 */
export function mosquittoAccess(options: MosquittoOptions): BrokerAccess {
  const say = (commands: Command[]) => control(options, commands);
  const passwordOf = (...what: string[]) =>
    createHmac("sha256", options.secret)
      .update(["mosquitto", ...what].join("\n"))
      .digest("base64url");
  // Beside the administrator whose word the plugin takes: a role that is given to a user who is there ends its connections.
  const own = { username: serverUser(passwordOf("their name").slice(0, 8)), password: passwordOf("the servers") };

  return {
    own: () => own,
    async prepare() {
      const there = await clientsOf(say);
      const commands = [...serverChanges(there, own), ...deviceChanges(there, await options.live(), passwordOf)];
      if (commands.length > 0) await say(commands);
    },
    async admit({ address, generation, expiresAt, ...admission }) {
      const password = expiresAt ? passwordOf(address, generation) : admission.password;
      const generationThere = async () => (await generationsOf(say, [address]))[0];
      const there = await generationThere();
      // A password is another one each time; that of tokens is the same, whichever server is asked.
      if (!expiresAt || there !== generation) {
        const before = there === undefined ? [] : [clientRemoval(address)];
        const created = await say([...before, ...creation(address, password, generation)]);
        const problem = created.at(-1)?.error;
        const quicker = problem !== undefined && expiresAt && (await generationThere()) === generation;
        if (problem !== undefined && !quicker) throw new Error(`the broker did not take the device: ${problem}`);
      }
      return { username: address, password, clientId: address };
    },
    // An address that is over is never given again.
    withdraw: async ({ address }) => void (await say(removal(address))),
    revoke: async (address) => void (await say(removal(address))),
    lapse: (credentials) => lapse(say, credentials),
  };
}

type Say = (commands: Command[]) => ReturnType<typeof control>;

interface Client {
  username: string;
  /** A device's generation. */
  textname?: string;
}

/** By which generation the broker knows them, in their order. */
async function generationsOf(say: Say, usernames: string[]): Promise<(string | undefined)[]> {
  const replies = await say(usernames.map((username) => ({ command: "getClient", username })));
  return replies.map(({ data }) => (data?.["client"] as Client | undefined)?.textname);
}

/** Every user that the broker knows, and by which generation. */
async function clientsOf(say: Say): Promise<There> {
  const [listed] = await say([{ command: "listClients", verbose: true }]);
  const clients = (listed?.data?.["clients"] ?? []) as Client[];
  return new Map(clients.map(({ username, textname }) => [username, textname]));
}

/**
 * Takes away what came with tokens that are over, unless they were renewed meanwhile. The role stays: it opens nothing
 * without the client, and each change costs the plugin a whole file.
 */
async function lapse(say: Say, credentials: readonly TakenCredential[]): Promise<void> {
  const addresses = credentials.map(({ address }) => address);
  const taken = await generationsOf(say, addresses);
  const over = addresses.filter((_, index) => taken[index] === credentials[index]?.generation);
  if (over.length > 0) await say(over.map(clientRemoval));
}

type There = ReadonlyMap<string, string | undefined>;

/** Servers that begin at the same moment all say so, and who comes second is refused; users of another secret go. */
function serverChanges(there: There, { username, password }: { username: string; password: string }): Command[] {
  const others = [...there.keys()].filter((name) => isServerUser(name) && name !== username);
  const made = there.has(username) ? [] : serverCreation(username, password, shareOf(password));
  return [...made, ...others.flatMap(serverRemoval)];
}

/**
 * Makes what is missing after the broker lost its file, and removes what a server left that died before it could. The
 * broker is asked first: who is let in meanwhile is not in its answer, and who is removed meanwhile is not in ours.
 * What is missing is only made: a server that does the same at the same moment does not remove it again. Nobody can make
 * a device with a password again but who gives it another one.
 */
function deviceChanges(
  there: There,
  live: readonly LiveDevice[],
  passwordOf: (address: string, generation: string) => string,
): Command[] {
  const wanted = new Set(live.map(({ address }) => address));
  const gone = [...there.keys()].filter((name) => readDeviceAddress(name) !== undefined && !wanted.has(name));
  const made = live.flatMap(({ address, generation }) => {
    if (generation === undefined || there.get(address) === generation) return [];
    const before = there.has(address) ? [clientRemoval(address)] : [];
    return [...before, ...creation(address, passwordOf(address, generation), generation)];
  });
  return [...gone.flatMap(removal), ...made];
}
