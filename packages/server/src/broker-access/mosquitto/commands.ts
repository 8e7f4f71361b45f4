import { downChannels, terminalTopicPrefix, topic, upChannels } from "@tillkeeper/contract/mqtt";
import { filtersOf } from "../topic-rules.ts";
import type { Command } from "./control.ts";

export const serverRole = "tillkeeper-server";

const allowed = (acltype: string, name: string) => ({ acltype, topic: name, allow: true, priority: 1 });

/** Lets the terminal in with its id as client id, and at its own topics: the plugin of 2.0 knows no patterns by user. */
export function creation(terminalId: string, password: string, generation: string): Command[] {
  const acls = [
    ...upChannels.map((channel) => allowed("publishClientSend", topic(terminalId, channel))),
    ...filtersOf(terminalId).map((filter) => allowed("subscribeLiteral", filter)),
    ...downChannels.map((channel) => allowed("publishClientReceive", topic(terminalId, channel))),
    // A wildcard also covers what the terminal says itself, which is for the server.
    { acltype: "publishClientReceive", topic: "#", allow: false, priority: 0 },
  ];
  const rolename = roleOf(terminalId);
  return [{ command: "createRole", rolename, acls }, clientCreation(terminalId, password, generation)];
}

/** For a terminal whose role is there. */
export function clientCreation(terminalId: string, password: string, generation: string): Command {
  return {
    command: "createClient",
    username: terminalId,
    clientid: terminalId,
    password,
    textname: generation,
    roles: [{ rolename: roleOf(terminalId) }],
  };
}

export function removal(terminalId: string): Command[] {
  return [clientRemoval(terminalId), { command: "deleteRole", rolename: roleOf(terminalId) }];
}

/** Ends the terminal's connections, too. */
export function clientRemoval(terminalId: string): Command {
  return { command: "deleteClient", username: terminalId };
}

/** What the server may do beside what an administrator of the plugin may: speak to terminals. */
export function serverRoleCreation(): Command {
  const down = downChannels.map((channel) => allowed("publishClientSend", topic("+", channel)));
  const shared = allowed("subscribePattern", `$share/tillkeeper/${terminalTopicPrefix("+")}#`);
  return { command: "createRole", rolename: serverRole, acls: [...down, shared] };
}

function roleOf(terminalId: string): string {
  return `tillkeeper-terminal-${terminalId}`;
}
