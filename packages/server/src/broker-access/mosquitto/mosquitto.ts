import { createHmac } from "node:crypto";
import type { Admission } from "../../terminals/admission.ts";
import { accountOfTerminalId } from "../../terminals/credentials.ts";
import type { BrokerAccess, BrokerAddress } from "../access.ts";
import { creation, removal, serverRole, serverRoleCreation } from "./commands.ts";
import { type Command, control } from "./control.ts";

interface MosquittoOptions extends BrokerAddress {
  /** Passwords for terminals with tokens come from it. */
  secret: string;
  /** The terminals that may connect, each with the generation of its credential. */
  live: () => Promise<{ terminalId: string; generation: string }[]>;
}

/** Terminals made or removed with one request. */
const batch = 200;

/**
 * Mosquitto with its dynamic security plugin: each terminal is a client there, made and removed by us. The plugin cannot
 * change a password without ending the connection, so a terminal with tokens gets one password for as long as its
 * credential is not replaced, and a renewed token changes nothing at the broker.
 */
export function mosquittoAccess(options: MosquittoOptions): BrokerAccess {
  const username = decodeURIComponent(new URL(options.url).username);
  const say = (commands: Command[]) => control(options, commands);
  const steady = (terminalId: string, generation: string) =>
    createHmac("sha256", options.secret).update(`mosquitto\n${terminalId}\n${generation}`).digest("base64url");

  const holds = async (terminalId: string, generation: string) => {
    const [known] = await say([{ command: "getClient", username: terminalId }]);
    return (known?.data?.["client"] as Client | undefined)?.textname === generation;
  };

  async function admit({ terminalId, generation, former, ...admission }: Admission) {
    const password = admission.expiresAt ? steady(terminalId, generation) : admission.password;
    const answer = { username: terminalId, password, clientId: terminalId };
    if (former === "stays" && (await holds(terminalId, generation))) return answer;
    const replies = await say([...removal(terminalId), ...creation(terminalId, password, generation)]);
    const { error } = replies.at(-1) ?? {};
    if (error !== undefined) throw new Error(`the broker did not take the terminal: ${error}`);
    return answer;
  }

  return {
    endsFormer: true,
    own: () => undefined,
    async prepare() {
      await giveServerRole(say, username);
      await reconcile(say, options.live, steady);
    },
    admit,
    async withdraw({ terminalId, generation }) {
      if (await holds(terminalId, generation)) await say(removal(terminalId));
    },
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
  for (let at = 0; at < commands.length; at += batch) await say(commands.slice(at, at + batch).flat());
}
