import { deviceTopicPrefix, downChannels, topic, upChannels } from "@tillkeeper/contract/mqtt/topics";
import { filtersOf } from "../../../topic-rules.ts";
import type { Command } from "./control.ts";

/** The prefix of the users that servers connect as; the role of each has its name. */
const serverUsers = "tillkeeper-server";

/**
 * One server user per secret. A server with a new secret makes its own user, and does not end the connections of
 * servers that still share the former.
 */
export const serverUser = (mark: string): string => `${serverUsers}-${mark}`;
export const isServerUser = (username: string): boolean => username.startsWith(serverUsers);

const allowed = (acltype: string, name: string) => ({ acltype, topic: name, allow: true, priority: 1 });

/**
 * The commands that create a device's client: its address as user name and client id, limited to its own topics. It
 * needs a role of its own, because the plugin of Mosquitto 2.0 takes `%u` in a topic literally. A role that exists is
 * refused, and stays.
 */
export function deviceCreation(address: string, password: string, generation: string): Command[] {
  const acls = [
    ...upChannels.map((channel) => allowed("publishClientSend", topic(address, channel))),
    ...filtersOf(address).map((filter) => allowed("subscribeLiteral", filter)),
    ...downChannels.map((channel) => allowed("publishClientReceive", topic(address, channel))),
    // A wildcard subscription also matches the device's up channels, which are for the server.
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

export function deviceRemoval(address: string): Command[] {
  return [clientRemoval(address), { command: "deleteRole", rolename: roleOf(address) }];
}

export function serverRemoval(username: string): Command[] {
  return [clientRemoval(username), { command: "deleteRole", rolename: username }];
}

/** Removes a user, which also ends its connections. */
export function clientRemoval(username: string): Command {
  return { command: "deleteClient", username };
}

/** `share`: the only shared subscription that the user may join. */
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
