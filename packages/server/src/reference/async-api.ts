import { limits } from "@tillkeeper/contract/limits";
import {
  channelMeanings,
  type DownChannel,
  downChannels,
  messages,
  protocolVersion,
  topic,
  type UpChannel,
  upChannels,
} from "@tillkeeper/contract/mqtt";

type Channel = UpChannel | DownChannel;

const parameter = "{terminal_id}";
const carried = { mqtt: { qos: 1, retain: false, bindingVersion: "0.2.0" } };

/** docs/asyncapi.json: the device protocol as AsyncAPI 3, as the agent sees it: it sends what goes up. */
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
    servers: { broker: server },
    channels: byChannel(channelOf),
    operations: byChannel(operationOf),
    components: { messages: byChannel(messageOf), securitySchemes: { credential } },
  };
}

const server = {
  host: "tillkeeper.example:1883",
  protocol: "mqtt",
  protocolVersion: "3.1.1",
  description: "The embedded broker, or the operator's. MQTT 5 may be spoken where the broker does.",
  security: [{ $ref: "#/components/securitySchemes/credential" }],
  bindings: {
    mqtt: {
      cleanSession: true,
      keepAlive: 12,
      lastWill: { topic: topic(parameter, "gone"), qos: 1, retain: false, message: '{"session":"…"}' },
      bindingVersion: "0.2.0",
    },
  },
};

const credential = {
  type: "userPassword",
  description: "User name: the terminal's id. Password: its device token, or the password that it was given.",
};

function channelOf(channel: Channel) {
  return {
    address: topic(parameter, channel),
    title: channel,
    description: channelMeanings[channel],
    parameters: { terminal_id: { description: "The terminal's id.", examples: ["T12345678-T0001"] } },
    messages: { [channel]: { $ref: `#/components/messages/${channel}` } },
  };
}

function operationOf(channel: Channel) {
  const up = upChannels.some((name) => name === channel);
  return {
    action: up ? "send" : "receive",
    channel: { $ref: `#/channels/${channel}` },
    title: channel,
    summary: channelMeanings[channel],
    messages: [{ $ref: `#/channels/${channel}/messages/${channel}` }],
    bindings: carried,
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
