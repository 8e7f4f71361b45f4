import { randomBytes } from "node:crypto";
import { terminalTopicPrefix, topic, upChannels } from "@tillkeeper/contract/mqtt";
import type { BrokerAccess } from "../access.ts";
import { type NatsKeys, sign, userKeyOf } from "./keys.ts";
import { NatsRevocations } from "./revocations.ts";

interface NatsOptions {
  url: string;
  keys: NatsKeys;
  ca?: string | undefined;
}

/** The name of what a topic becomes at this broker. */
const subjectOf = (name: string) => name.replaceAll("/", ".");
/** Where the broker delivers messages of QoS 1 to a subscriber; it lets nobody subscribe there by themselves. */
const deliveries = "$MQTT.sub.>";
const noLimits = { subs: -1, data: -1, payload: -1 };

/**
 * NATS, which checks the JWT that a terminal shows as its password: its rights are in it, signed by us. A replaced
 * credential is revoked in the account, and the broker ends its connections itself.
 *
 * The broker cannot hold a user to a client id. So a terminal gets one that nobody can guess: whoever knew it could end
 * its connection, though not read or say anything for it.
 */
export function natsAccess(options: NatsOptions): BrokerAccess {
  const { account } = options.keys;
  const revocations = new NatsRevocations(options);
  const everything = subjectOf(`${terminalTopicPrefix("*")}*`);
  const own = bearer(options.keys, "tillkeeper", {
    subject: userKeyOf(account, "tillkeeper"),
    pub: [everything],
    sub: [everything, deliveries],
  });

  return {
    holdersOnly: true,
    endsFormer: "in the end",
    own: () => ({ username: "tillkeeper", password: own }),
    prepare: () => revocations.open(),
    async admit({ terminalId, former, expiresAt, formerEnded }) {
      const subject = userKeyOf(account, terminalId);
      const replaced = former === "ends" ? await revocations.add(subject, formerEnded) : await revocations.of(subject);
      const topics = terminalTopicPrefix(terminalId);
      const password = bearer(options.keys, terminalId, {
        subject,
        issuedAt: replaced + 1,
        expiresAt,
        pub: upChannels.map((channel) => subjectOf(topic(terminalId, channel))),
        // A filter that ends in `#` covers its parent, too.
        sub: [subjectOf(topics.slice(0, -1)), subjectOf(`${topics}>`), deliveries],
      });
      return { username: terminalId, password, clientId: `${terminalId}:${randomBytes(12).toString("base64url")}` };
    },
    // It keeps only what is revoked, and to revoke ends another credential, too. A password that nobody was told opens nothing.
    withdraw: async () => {},
    revoke: async (terminalId) => void (await revocations.add(userKeyOf(account, terminalId))),
    // It reads the end in the token and ends the connection itself.
    lapse: async () => {},
    close: () => revocations.close(),
  };
}

interface Bearer {
  subject: string;
  issuedAt?: number;
  expiresAt?: Date | undefined;
  pub: string[];
  sub: string[];
}

function bearer({ account }: NatsKeys, name: string, { pub, sub, ...claims }: Bearer): string {
  const rights = { pub: { allow: pub }, sub: { allow: sub } };
  const nats = { ...noLimits, ...rights, bearer_token: true, allowed_connection_types: ["MQTT"] };
  return sign(account, { ...claims, name, type: "user", nats });
}
