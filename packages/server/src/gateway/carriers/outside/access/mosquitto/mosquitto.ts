import { createHmac } from "node:crypto";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { TakenCredential } from "../../../../../terminals/credentials/broker-grant.ts";
import type { BrokerAccess, BrokerAddress } from "../access.ts";
import { shareOf } from "../share.ts";
import {
  clientRemoval,
  deviceCreation,
  deviceRemoval,
  isServerUser,
  serverCreation,
  serverRemoval,
  serverUser,
} from "./commands.ts";
import { type Command, sendCommands } from "./control.ts";

/** A device that may connect. `generation` is undefined for a device with a password, which only that device knows. */
interface LiveDevice {
  address: string;
  generation?: string | undefined;
}

interface MosquittoOptions extends BrokerAddress {
  /** Derives the passwords of the servers and of devices with tokens. */
  secret: string;
  live: () => Promise<LiveDevice[]>;
}

/**
 * Access for Mosquitto with its dynamic security plugin: each device is a client there, which this server creates and
 * removes. The plugin cannot change a password without ending the connection. So a device with tokens keeps one
 * password while it renews them in time, and a renewal changes nothing at the broker. The plugin has no expiry of
 * passwords: the server removes the client.
 */
export function mosquittoAccess(options: MosquittoOptions): BrokerAccess {
  const send = (commands: Command[]) => sendCommands(options, commands);
  const passwordOf = (...what: string[]) =>
    createHmac("sha256", options.secret)
      .update(["mosquitto", ...what].join("\n"))
      .digest("base64url");
  // A user beside the plugin's administrator: giving a role to an existing user ends that user's connections.
  const own = { username: serverUser(passwordOf("their name").slice(0, 8)), password: passwordOf("the servers") };

  return {
    own: () => own,
    async prepare() {
      const clients = await clientsOf(send);
      const commands = [...serverChanges(clients, own), ...deviceChanges(clients, await options.live(), passwordOf)];
      if (commands.length > 0) await send(commands);
    },
    async admit({ address, generation, expiresAt, ...admission }) {
      const password = expiresAt ? passwordOf(address, generation) : admission.password;
      const generationAtBroker = async () => (await generationsOf(send, [address]))[0];
      const stored = await generationAtBroker();
      // A password is new each time, while the password that stands for tokens is equal at all servers.
      if (!expiresAt || stored !== generation) {
        const before = stored === undefined ? [] : [clientRemoval(address)];
        const created = await send([...before, ...deviceCreation(address, password, generation)]);
        const problem = created.at(-1)?.error;
        const createdMeanwhile = problem !== undefined && expiresAt && (await generationAtBroker()) === generation;
        if (problem !== undefined && !createdMeanwhile)
          throw new Error(`the broker did not take the device: ${problem}`);
      }
      return { username: address, password, clientId: address };
    },
    // The address is over, and is never given again.
    withdraw: async ({ address }) => void (await send(deviceRemoval(address))),
    revoke: async (address) => void (await send(deviceRemoval(address))),
    lapse: (credentials) => lapse(send, credentials),
  };
}

type Send = (commands: Command[]) => ReturnType<typeof sendCommands>;

interface Client {
  username: string;
  /** A device's generation. */
  textname?: string;
}

/** The generation that the broker has of each user, in order; undefined for an unknown one. */
async function generationsOf(send: Send, usernames: string[]): Promise<(string | undefined)[]> {
  const replies = await send(usernames.map((username) => ({ command: "getClient", username })));
  return replies.map(({ data }) => (data?.["client"] as Client | undefined)?.textname);
}

/** All users that the broker has, with their generations. */
async function clientsOf(send: Send): Promise<BrokerClients> {
  const [listed] = await send([{ command: "listClients", verbose: true }]);
  const clients = (listed?.data?.["clients"] ?? []) as Client[];
  return new Map(clients.map(({ username, textname }) => [username, textname]));
}

/**
 * Removes clients whose tokens are over, unless they were renewed meanwhile. The role stays: it grants nothing without
 * the client, and each change makes the plugin write its whole file.
 */
async function lapse(send: Send, credentials: readonly TakenCredential[]): Promise<void> {
  const addresses = credentials.map(({ address }) => address);
  const taken = await generationsOf(send, addresses);
  const over = addresses.filter((_, index) => taken[index] === credentials[index]?.generation);
  if (over.length > 0) await send(over.map(clientRemoval));
}

type BrokerClients = ReadonlyMap<string, string | undefined>;

/**
 * Servers that start together all create the user; all but the first are refused, which is harmless. Users of other
 * secrets are removed.
 */
function serverChanges(
  clients: BrokerClients,
  { username, password }: { username: string; password: string },
): Command[] {
  const others = [...clients.keys()].filter((name) => isServerUser(name) && name !== username);
  const made = clients.has(username) ? [] : serverCreation(username, password, shareOf(password));
  return [...made, ...others.flatMap(serverRemoval)];
}

/**
 * Creates the clients that are missing, as after the broker lost its file. Removes the clients that a server left when
 * it died too early.
 *
 * The broker must be asked before the database. A device admitted in between is missing in the broker's list, so it is
 * not removed. A device removed in between is missing in the database's list, so it is not created.
 *
 * Only missing clients are created: two servers that do this at the same moment do not remove each other's. A device
 * with a password cannot be created again without a new password.
 */
function deviceChanges(
  clients: BrokerClients,
  live: readonly LiveDevice[],
  passwordOf: (address: string, generation: string) => string,
): Command[] {
  const wanted = new Set(live.map(({ address }) => address));
  const gone = [...clients.keys()].filter((name) => readDeviceAddress(name) !== undefined && !wanted.has(name));
  const made = live.flatMap(({ address, generation }) => {
    if (generation === undefined || clients.get(address) === generation) return [];
    const before = clients.has(address) ? [clientRemoval(address)] : [];
    return [...before, ...deviceCreation(address, passwordOf(address, generation), generation)];
  });
  return [...gone.flatMap(deviceRemoval), ...made];
}
