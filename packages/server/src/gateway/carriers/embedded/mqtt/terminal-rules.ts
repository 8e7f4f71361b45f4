import { limits } from "@tillkeeper/contract/limits";
import { clientIdBelongsTo, deviceTopicPrefix, topic, type UpChannel } from "@tillkeeper/contract/mqtt";
import { maskText } from "../../../../logs/masking/mask-text.ts";
import type { Logger } from "../../../../platform/log/log.ts";
import type { Flooders } from "../../floods.ts";
import { mayPublish, maySubscribe } from "../../topic-rules.ts";
import type { Receive } from "../../transport.ts";
import type { Connections } from "../connections.ts";
import type { Admission } from "../entrance.ts";
import { type Allowance, FloodError } from "./budget.ts";
import { ProtocolError } from "./frames.ts";
import type { ConnectPacket, Will } from "./incoming.ts";
import type { Link, LinkHost } from "./link.ts";
import { returnCodes } from "./outgoing.ts";
import { Turns } from "./turns.ts";

interface RulesDeps {
  admission: Admission;
  connections: Connections;
  receive: Receive;
  flooders: Flooders;
  allowance: Allowance;
  log: Logger;
  /** Told of each connection that has closed, also of one that was not let in. */
  closed: (link: Link) => void;
}

/** The longest client id of MQTT 3.1, which 3.1.1 has given up. */
const oldClientIdCharacters = 23;
const longestWillBytes = 1_024;

/** Who gets in, and what of a device's own topics it may say and hear; there are no others. */
export function terminalRules({
  admission,
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
    async enter(link, packet) {
      const { username, password } = packet;
      const refusal = refusalOf(packet);
      if (refusal !== undefined || username === undefined) return refusal ?? returnCodes.badCredentials;
      if (flooders.away(username)) return returnCodes.unavailable;
      if (!isOwnFarewell(username, packet.will)) packet.will = undefined;
      link.session = sessionIn(packet.will);
      if (connections.mustWait(link, username)) return returnCodes.unavailable;
      try {
        const admitted = await admission.admit(link, username, password);
        return admitted ? returnCodes.accepted : returnCodes.badCredentials;
      } catch (error) {
        log.warn({ err: error, address: username }, "a terminal could not be authenticated");
        return returnCodes.unavailable;
      }
    },
    take(link, packet) {
      const { address } = link;
      if (address === undefined || !mayPublish(address, packet.topic)) {
        throw new ProtocolError(`not allowed to publish to ${maskText(packet.topic)}`);
      }
      // It would have to be kept until it is released, which may be never.
      if (packet.qos === 2) throw new ProtocolError("not allowed to publish with QoS 2");
      return receive(address, endOf(address, packet.topic) as UpChannel, packet.payload);
    },
    filterEnd({ address }, filter) {
      if (address === undefined || !maySubscribe(address, filter)) return undefined;
      return endOf(address, filter);
    },
    publishWill(link, payload) {
      const { address } = link;
      // Whoever has sent the connection away knows that it is gone.
      if (address === undefined || connections.endsQuietly(link)) return;
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

/** The return code for what is refused without asking for a credential. */
function refusalOf({ level, clientId, username }: ConnectPacket): number | undefined {
  if (level === 0) return returnCodes.badProtocol;
  // Names are not given out here (MQTT-3.1.3-9).
  if (clientId === "") return returnCodes.badClientId;
  if (level === 3 && clientId.length > oldClientIdCharacters) return returnCodes.badClientId;
  if (clientId.length > limits.mqttClientIdCharacters) return returnCodes.badClientId;
  // A newer connection ends an older one with its client id: nobody may use another device's.
  if (!username || !clientIdBelongsTo(clientId, username)) return returnCodes.badCredentials;
  return undefined;
}

/** The one will that a terminal may leave: that its link is lost. What else it leaves is ignored. */
function isOwnFarewell(username: string, will: Will | undefined): boolean {
  return will?.topic === topic(username, "gone") && will.payload.length <= longestWillBytes && will.qos !== 2;
}

/** The session that a will names, if it can be read. */
function sessionIn(will: Will | undefined): string | undefined {
  if (!will) return undefined;
  try {
    const { session } = JSON.parse(will.payload.toString()) as { session?: unknown };
    return typeof session === "string" ? session : undefined;
  } catch {
    return undefined;
  }
}

/** What stands behind the device's prefix, of a topic or filter that it may use. */
function endOf(address: string, name: string): string {
  return name.slice(deviceTopicPrefix(address).length);
}
