import { createHmac } from "node:crypto";
import { readDeviceAddress } from "@tillkeeper/contract/addresses";
import type { TakenCredential } from "../../terminals/admission.ts";
import type { BrokerAccess, BrokerAddress } from "../access.ts";
import { shareOf } from "../share.ts";
import { clientRemoval, creation, removal, serverCreation, serverRemoval, serverUser } from "./commands.ts";
import { type Command, control } from "./control.ts";

interface MosquittoOptions extends BrokerAddress {
  /** Passwords for devices with tokens, and the servers' own, come from it. */
  secret: string;
  /** The devices that may connect. */
  live: () => Promise<TakenCredential[]>;
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
  const own = { username: serverUser, password: passwordOf("the servers") };

  return {
    own: () => own,
    async prepare() {
      await makeServer(say, own.password);
      await reconcile(say, options.live, passwordOf);
    },
    async admit({ address, generation, ...admission }) {
      const password = admission.expiresAt ? passwordOf(address, generation) : admission.password;
      const [there] = await generationsOf(say, [address]);
      if (there !== generation) {
        const created = await say([
          ...(there === undefined ? [] : [clientRemoval(address)]),
          ...creation(address, password, generation),
        ]);
        // Another server may have been quicker.
        const [taken] = await generationsOf(say, [address]);
        if (taken !== generation)
          throw new Error(`the broker did not take the device: ${created.at(-1)?.error ?? "it is gone again"}`);
      }
      return { username: address, password, clientId: address };
    },
    withdraw: (credential) => forget(say, [credential], removal),
    // The role stays: it opens nothing without the client, and each change costs the plugin a whole file.
    lapse: (credentials) => forget(say, credentials, (address) => [clientRemoval(address)]),
    revoke: async (address) => void (await say(removal(address))),
  };
}

interface Client {
  username: string;
  /** A device's generation; the share of the servers' user. */
  textname?: string;
}

type Say = (commands: Command[]) => ReturnType<typeof control>;

/** By which generation the broker knows them, in their order. */
async function generationsOf(say: Say, usernames: string[]): Promise<(string | undefined)[]> {
  const replies = await say(usernames.map((username) => ({ command: "getClient", username })));
  return replies.map(({ data }) => (data?.["client"] as Client | undefined)?.textname);
}

/** Of those alone that the broker still knows by this generation. */
async function forget(
  say: Say,
  credentials: readonly TakenCredential[],
  how: (address: string) => Command[],
): Promise<void> {
  const taken = await generationsOf(
    say,
    credentials.map(({ address }) => address),
  );
  const over = credentials.filter(({ generation }, index) => taken[index] === generation);
  if (over.length > 0) await say(over.flatMap(({ address }) => how(address)));
}

/**
 * The user that servers connect by, beside the administrator whose word the plugin takes: to give a role to a user that is
 * there would end its connections, those of other servers with it. Who makes it second is refused, and nothing happens.
 */
async function makeServer(say: Say, password: string): Promise<void> {
  const share = shareOf(password);
  const [there] = await generationsOf(say, [serverUser]);
  if (there === share) return;
  const created = await say([...(there === undefined ? [] : serverRemoval()), ...serverCreation(password, share)]);
  const [made] = await generationsOf(say, [serverUser]);
  if (made !== share)
    throw new Error(
      `the broker did not give us the right to speak to devices: ${created.at(-1)?.error ?? "no answer"}`,
    );
}

/**
 * Makes what is missing after the broker lost its file, and removes what a server left that died before it could. The
 * broker is asked first: who is let in meanwhile is not in its answer, and who is removed meanwhile is not in ours.
 * What is missing is only made: a server that does the same at the same moment does not remove it again.
 */
async function reconcile(
  say: Say,
  live: MosquittoOptions["live"],
  passwordOf: (address: string, generation: string) => string,
): Promise<void> {
  const [listed] = await say([{ command: "listClients", verbose: true }]);
  const clients = (listed?.data?.["clients"] ?? []) as Client[];
  const there = new Map(clients.map(({ username, textname }) => [username, textname]));
  const wanted = new Map((await live()).map(({ address, generation }) => [address, generation]));
  const gone = [...there.keys()].filter((name) => readDeviceAddress(name) !== undefined && !wanted.has(name));
  const outdated = [...wanted].filter(([address, generation]) => there.get(address) !== generation);
  const commands = [
    ...gone.map(removal),
    ...outdated.map(([address, generation]) => [
      ...(there.has(address) ? [clientRemoval(address)] : []),
      ...creation(address, passwordOf(address, generation), generation),
    ]),
  ];
  if (commands.length > 0) await say(commands.flat());
}
