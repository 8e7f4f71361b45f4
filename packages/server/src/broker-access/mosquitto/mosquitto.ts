import { createHmac } from "node:crypto";
import type { Admission, TakenCredential } from "../../terminals/admission.ts";
import { accountOfTerminalId } from "../../terminals/credentials.ts";
import type { BrokerAccess, BrokerAddress } from "../access.ts";
import { clientCreation, clientRemoval, creation, removal, serverRole, serverRoleCreation } from "./commands.ts";
import { type Command, control } from "./control.ts";

interface MosquittoOptions extends BrokerAddress {
  /** Passwords for terminals with tokens come from it. */
  secret: string;
  /** The terminals that may connect, each with the generation of its credential. */
  live: () => Promise<{ terminalId: string; generation: string }[]>;
}

/**
 * Mosquitto with its dynamic security plugin: each terminal is a client there, made and removed by us. The plugin cannot
 * change a password without ending the connection, so a terminal with tokens gets one password for as long as it renews
 * them in time, and a renewed token changes nothing at the broker. It knows no end of a password: we take it away.
 */
export function mosquittoAccess(options: MosquittoOptions): BrokerAccess {
  const username = decodeURIComponent(new URL(options.url).username);
  const say = (commands: Command[]) => control(options, commands);
  const steady = (terminalId: string, generation: string) =>
    createHmac("sha256", options.secret).update(`mosquitto\n${terminalId}\n${generation}`).digest("base64url");

  const known = (...terminalIds: string[]) => lookUp(say, terminalIds);
  const takes = async (commands: Command[]) => (await say(commands)).at(-1)?.error;

  async function admit({ terminalId, generation, former, ...admission }: Admission) {
    const password = admission.expiresAt ? steady(terminalId, generation) : admission.password;
    const answer = { username: terminalId, password, clientId: terminalId };
    if (former === "stays") {
      const [client] = await known(terminalId);
      if (client?.textname === generation) return answer;
      // Its role is there where only its tokens were over, and each change costs the plugin a whole file.
      const refusal = client ? "is another" : await takes([clientCreation(terminalId, password, generation)]);
      if (refusal === undefined) return answer;
    }
    const error = await takes([...removal(terminalId), ...creation(terminalId, password, generation)]);
    if (error !== undefined) throw new Error(`the broker did not take the terminal: ${error}`);
    return answer;
  }

  return {
    holdersOnly: true,
    endsFormer: "at once",
    own: () => undefined,
    async prepare() {
      await giveServerRole(say, username);
      await reconcile(say, options.live, steady);
    },
    admit,
    async withdraw({ terminalId, generation }) {
      const [client] = await known(terminalId);
      if (client?.textname === generation) await say(removal(terminalId));
    },
    lapse: (credentials) => removeLapsed(say, credentials),
    revoke: async (terminalId) => void (await say(removal(terminalId))),
    close: async () => {},
  };
}

interface Client {
  username: string;
  textname?: string;
  roles?: { rolename: string }[];
}

type Say = (commands: Command[]) => ReturnType<typeof control>;

/** What the broker knows of them, in their order. */
async function lookUp(say: Say, terminalIds: string[]): Promise<(Client | undefined)[]> {
  const replies = await say(terminalIds.map((username) => ({ command: "getClient", username })));
  return replies.map(({ data }) => data?.["client"] as Client | undefined);
}

/** The role stays: it opens nothing without the client. */
async function removeLapsed(say: Say, credentials: readonly TakenCredential[]): Promise<void> {
  const ids = credentials.map(({ terminalId }) => terminalId);
  const taken = new Map((await lookUp(say, ids)).map((client) => [client?.username, client?.textname]));
  const over = credentials.filter(({ terminalId, generation }) => taken.get(terminalId) === generation);
  if (over.length > 0) await say(over.map(({ terminalId }) => clientRemoval(terminalId)));
}

/** Once in the life of the broker's file: to be given a role ends all connections of the same user. */
async function giveServerRole(say: Say, username: string): Promise<void> {
  const holds = async () => {
    const [known] = await say([{ command: "getClient", username }]);
    const client = known?.data?.["client"] as Client | undefined;
    if (!client) throw new Error(`the broker does not show us our own user: ${known?.error ?? "no answer"}`);
    return client.roles?.some(({ rolename }) => rolename === serverRole) ?? false;
  };
  if (await holds()) return;
  await say([serverRoleCreation()]);
  await say([{ command: "addClientRole", username, rolename: serverRole }]).catch(() => undefined);
  if (!(await holds())) throw new Error("the broker did not give us the right to speak to terminals");
}

/**
 * Makes what is missing after the broker lost its file, and removes what a server left that died before it could. The
 * broker is asked first: who is let in meanwhile is not in its answer, and who is removed meanwhile is not in ours.
 */
async function reconcile(
  say: Say,
  live: MosquittoOptions["live"],
  steady: (terminalId: string, generation: string) => string,
): Promise<void> {
  const [listed] = await say([{ command: "listClients", verbose: true }]);
  const clients = (listed?.data?.["clients"] ?? []) as Client[];
  const there = new Map(clients.map(({ username, textname }) => [username, textname]));
  const wanted = new Map((await live()).map(({ terminalId, generation }) => [terminalId, generation]));
  const gone = [...there.keys()].filter((id) => accountOfTerminalId(id) !== undefined && !wanted.has(id));
  const outdated = [...wanted].filter(([id, generation]) => there.get(id) !== generation);
  const commands = [
    ...gone.map(removal),
    ...outdated.map(([id, generation]) => [...removal(id), ...creation(id, steady(id, generation), generation)]),
  ];
  if (commands.length > 0) await say(commands.flat());
}
