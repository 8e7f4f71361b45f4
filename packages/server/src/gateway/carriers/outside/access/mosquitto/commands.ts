import { deviceTopicPrefix, downChannels, topic, upChannels } from "@tillkeeper/contract/mqtt";
import { filtersOf } from "../../../topic-rules.ts";
import type { Command } from "./control.ts";

/** What the names of the users begin with by whom servers speak to devices; their roles are called the same. */
const serverUsers = "tillkeeper-server";

/** One for each secret of servers: whoever makes the next one need not remove it, and ends nobody who shares the secret. */
export const serverUser = (mark: string): string => `${serverUsers}-${mark}`;
export const isServerUser = (username: string): boolean => username.startsWith(serverUsers);

const allowed = (acltype: string, name: string) => ({ acltype, topic: name, allow: true, priority: 1 });

/**
 * Lets the device in with its address as user name and client id, and at its own topics. It needs a role of its own: the
 * plugin of 2.0 reads `%u` in a topic as these two letters. A role that is there already is refused, and stays.
 */
export function creation(address: string, password: string, generation: string): Command[] {
  const acls = [
    ...upChannels.map((channel) => allowed("publishClientSend", topic(address, channel))),
    ...filtersOf(address).map((filter) => allowed("subscribeLiteral", filter)),
    ...downChannels.map((channel) => allowed("publishClientReceive", topic(address, channel))),
    // A wildcard also covers what the device says itself, which is for the server.
    { acltype: "publishClientReceive", topic: "#", allow: false, priority: 0 },
  ];
  const rolename = roleOf(address);
  return [
    { command: "createRole", rolename, acls },
    {
      command: "createClient",
      username: address,
      clientid: address,
      password,
      textname: generation,
      roles: [{ rolename }],
    },
  ];
}

export function removal(address: string): Command[] {
  return [clientRemoval(address), { command: "deleteRole", rolename: roleOf(address) }];
}

export function serverRemoval(username: string): Command[] {
  return [clientRemoval(username), { command: "deleteRole", rolename: username }];
}

/** Ends the user's connections, too. */
export function clientRemoval(username: string): Command {
  return { command: "deleteClient", username };
}

/** `share`: the only one that it may be in. */
export function serverCreation(username: string, password: string, share: string): Command[] {
  const all = deviceTopicPrefix("+");
  const acls = [
    ...downChannels.map((channel) => allowed("publishClientSend", topic("+", channel))),
    ...[`$share/${share}/${all}#`, `${all}#`].map((filter) => allowed("subscribePattern", filter)),
    allowed("publishClientReceive", `${all}#`),
  ];
  return [
    { command: "createRole", rolename: username, acls },
    { command: "createClient", username, password, roles: [{ rolename: username }] },
  ];
}

function roleOf(address: string): string {
  return `tillkeeper-device-${address}`;
}
