import { limits } from "@tillkeeper/contract/limits";
import { channelMeanings } from "@tillkeeper/contract/mqtt/channel-meanings";
import { messages } from "@tillkeeper/contract/mqtt/messages";
import {
  type DownChannel,
  downChannels,
  messageExpirySeconds,
  protocolVersion,
  topic,
  type UpChannel,
  upChannels,
} from "@tillkeeper/contract/mqtt/topics";

type Channel = UpChannel | DownChannel;

const parameter = "{address}";
const carried = { qos: 1, retain: false, bindingVersion: "0.2.0" };

/**
 * docs/asyncapi.json: the device protocol as AsyncAPI 3, from the agent's side: it sends the messages to the server.
 */
export function asyncApiDocument(): object {
  const channels: Channel[] = [...upChannels, ...downChannels];
  const byChannel = <T>(describe: (channel: Channel) => T) =>
    Object.fromEntries(channels.map((channel) => [channel, describe(channel)]));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Tillkeeper device protocol",
      version: `${protocolVersion}.0.0`,
      description:
        "How the agent on a payment terminal talks to the server. The rules behind the messages are in device-protocol.md: " +
        "the broker only carries, a PUBACK proves nothing, a receipt does. Attach the message handler before you connect, " +
        `and set TCP_NODELAY. A packet has at most ${limits.mqttPacketBytes} bytes.`,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
      externalDocs: { description: "The protocol, with its rules and traps", url: "device-protocol.md" },
    },
    defaultContentType: "application/json",
    servers: {
      broker: server("5.0", "Where the broker speaks it. Clean start, and no delay of the will.", {
        sessionExpiryInterval: 0,
        maximumPacketSize: limits.mqttPacketBytes,
      }),
      older_broker: server("3.1.1", "Everywhere else; the embedded broker speaks nothing newer."),
    },
    channels: byChannel(channelOf),
    operations: byChannel(operationOf),
    components: { messages: byChannel(messageOf), securitySchemes: { credential } },
  };
}

function server(version: "5.0" | "3.1.1", description: string, only5: object = {}) {
  return {
    host: "tillkeeper.example:1883",
    protocol: "mqtt",
    protocolVersion: version,
    description,
    security: [{ $ref: "#/components/securitySchemes/credential" }],
    bindings: {
      mqtt: {
        cleanSession: true,
        keepAlive: 12,
        lastWill: { topic: topic(parameter, "gone"), qos: 1, retain: false, message: '{"session":"…"}' },
        ...only5,
        bindingVersion: "0.2.0",
      },
    },
  };
}

const credential = {
  type: "userPassword",
  description: "User name: the device's address. Password: its device token, or the password that it was given.",
};

function channelOf(channel: Channel) {
  return {
    address: topic(parameter, channel),
    title: channel,
    description: channelMeanings[channel],
    parameters: { address: { description: "Of the device.", examples: ["T12345678-T0001-D3632400"] } },
    messages: { [channel]: { $ref: `#/components/messages/${channel}` } },
  };
}

function operationOf(channel: Channel) {
  const up = upChannels.find((name) => name === channel);
  const expiry = up && messageExpirySeconds[up];
  return {
    action: up ? "send" : "receive",
    channel: { $ref: `#/channels/${channel}` },
    title: channel,
    summary: channelMeanings[channel],
    messages: [{ $ref: `#/channels/${channel}/messages/${channel}` }],
    bindings: { mqtt: { ...carried, ...(expiry !== undefined && { messageExpiryInterval: expiry }) } },
  };
}

function messageOf(channel: Channel) {
  return {
    name: channel,
    title: channel,
    summary: channelMeanings[channel],
    contentType: "application/json",
    payload: messages[channel],
  };
}
