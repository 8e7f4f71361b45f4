import { limits } from "@tillkeeper/contract/limits";
import { clientIdBelongsTo, deviceTopicPrefix, topic, type UpChannel } from "@tillkeeper/contract/mqtt/topics";
import { maskText } from "../../../../logs/masking/mask-text.ts";
import type { Logger } from "../../../../platform/log/log.ts";
import type { Flooders } from "../../floods.ts";
import { mayPublish, maySubscribe } from "../../topic-rules.ts";
import type { Receive } from "../../transport.ts";
import type { Connections } from "../connections.ts";
import type { Entrance } from "../entrance.ts";
import { type Allowance, FloodError } from "./budget.ts";
import { ProtocolError } from "./frames.ts";
import type { ConnectPacket, Will } from "./incoming.ts";
import type { Link, LinkHost } from "./link.ts";
import { returnCodes } from "./outgoing.ts";
import { Turns } from "./turns.ts";

interface RulesDeps {
  entrance: Entrance;
  connections: Connections;
  receive: Receive;
  flooders: Flooders;
  allowance: Allowance;
  log: Logger;
  /** Called for each connection that has closed, also without authentication. */
  closed: (link: Link) => void;
}

/** MQTT 3.1 limits client ids to 23 characters; 3.1.1 has lifted the limit. */
const oldClientIdCharacters = 23;
const longestWillBytes = 1_024;

/**
 * The access rules of the embedded broker: who may connect, and what a device may publish and subscribe to. A device
 * may use its own topics only.
 */
export function terminalRules({
  entrance,
  connections,
  receive,
  flooders,
  allowance,
  log,
  closed,
}: RulesDeps): LinkHost {
  return {
    turns: new Turns(),
    allowance,
    async handleConnect(link, packet) {
      const { username, password } = packet;
      const refusal = refusalWithoutCheck(packet);
      if (refusal !== undefined || username === undefined) return refusal ?? returnCodes.badCredentials;
      if (flooders.isRefused(username)) return returnCodes.unavailable;
      if (!isOwnGoneMessage(username, packet.will)) packet.will = undefined;
      link.session = sessionIn(packet.will);
      if (connections.mustWait(link, username)) return returnCodes.unavailable;
      try {
        const admitted = await entrance.admit(link, username, password);
        return admitted ? returnCodes.accepted : returnCodes.badCredentials;
      } catch (error) {
        log.warn({ err: error, address: username }, "a terminal could not be authenticated");
        return returnCodes.unavailable;
      }
    },
    handlePublish(link, packet) {
      const { address } = link;
      if (address === undefined || !mayPublish(address, packet.topic)) {
        throw new ProtocolError(`not allowed to publish to ${maskText(packet.topic)}`);
      }
      // QoS 2 would oblige the broker to keep the message until PUBREL, which may never come.
      if (packet.qos === 2) throw new ProtocolError("not allowed to publish with QoS 2");
      return receive(address, channelPartOf(address, packet.topic) as UpChannel, packet.payload);
    },
    channelFilter({ address }, filter) {
      if (address === undefined || !maySubscribe(address, filter)) return undefined;
      return channelPartOf(address, filter);
    },
    publishWill(link, payload) {
      const { address } = link;
      // A replaced or closing connection says nothing about the terminal.
      if (address === undefined || connections.isReplacedOrClosing(link)) return;
      void receive(address, "gone", payload);
    },
    closed(link) {
      connections.remove(link);
      closed(link);
    },
    failed(link, error) {
      if (error instanceof FloodError && link.address !== undefined) flooders.ended(link.address, error);
      else log.debug({ err: error, client: maskText(link.id) }, "a connection of a terminal failed");
    },
  };
}

/**
 * The return code for a CONNECT that is refused without checking a credential; undefined when the credential decides.
 */
function refusalWithoutCheck({ level, clientId, username }: ConnectPacket): number | undefined {
  if (level === 0) return returnCodes.badProtocol;
  // The broker assigns no client ids, and refuses an empty one (MQTT-3.1.3-9).
  if (clientId === "") return returnCodes.badClientId;
  if (level === 3 && clientId.length > oldClientIdCharacters) return returnCodes.badClientId;
  if (clientId.length > limits.mqttClientIdCharacters) return returnCodes.badClientId;
  // A newer connection ends the older one with its client id, so no device may use a client id of another.
  if (!username || !clientIdBelongsTo(clientId, username)) return returnCodes.badCredentials;
  return undefined;
}

/** Whether a will is the terminal's `gone` message. Any other will is ignored. */
function isOwnGoneMessage(username: string, will: Will | undefined): boolean {
  return will?.topic === topic(username, "gone") && will.payload.length <= longestWillBytes && will.qos !== 2;
}

/** The session in the payload of a will; undefined when it cannot be read. */
function sessionIn(will: Will | undefined): string | undefined {
  if (!will) return undefined;
  try {
    const { session } = JSON.parse(will.payload.toString()) as { session?: unknown };
    return typeof session === "string" ? session : undefined;
  } catch {
    return undefined;
  }
}

/** The part of a topic or filter behind the device's prefix. `name` must begin with the prefix. */
function channelPartOf(address: string, name: string): string {
  return name.slice(deviceTopicPrefix(address).length);
}
