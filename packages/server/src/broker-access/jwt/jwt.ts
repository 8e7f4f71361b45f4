import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import type { RealClock } from "../../platform/clock.ts";
import { dayMs } from "../../platform/time-spans.ts";
import type { BrokerAccess, BrokerAddress } from "../access.ts";
import { kick } from "../kick.ts";
import { shareOf } from "../share.ts";
import type { BrokerKey } from "./broker-key.ts";
import { brokerAudience, deviceRights, type Rights, serverRights } from "./rights.ts";

interface JwtOptions extends BrokerAddress {
  key: BrokerKey;
  /** Client ids are made from it. */
  secret: string;
  clock: RealClock;
}

const serverName = "tillkeeper";
/** The broker ends a server's connection after so long, and the server opens another one. */
const serverTokenMs = 30 * dayMs;
/** Of a password, which nobody renews; a broker that asks nobody has no other way to know it. */
const passwordMs = 3_650 * dayMs;
/** So many connections are ended at a time. */
const atOnce = 10;

/**
 * For brokers that read rights from tokens, and neither ask nor can be told: whoever shows a token that we have signed may do what
 * it says until its end. So nobody is kept out before that; who was replaced is sent away, and comes back as an address
 * that is over.
 *
 * Such a broker may not compare the client id with anything. Who knows that of another device could push it out, so it is
 * not to be guessed.
 */
export function jwtAccess({ key, secret, clock, ...broker }: JwtOptions): BrokerAccess {
  let ownToken = "";
  const after = (ms: number) => new Date(clock.realNow().getTime() + ms);

  function sign(name: string, endsAt: Date, rights: Rights): Promise<string> {
    return new SignJWT({ ...rights, username: name, client_id: name })
      .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "JWT" })
      .setSubject(name)
      .setAudience(brokerAudience)
      .setExpirationTime(endsAt)
      .sign(key.key);
  }

  const signOwn = () => sign(serverName, after(serverTokenMs), serverRights());

  async function end(address: string): Promise<void> {
    const user = { username: serverName, password: await signOwn() };
    await kick(broker, secretClientId(secret, address), user);
  }

  return {
    own: () => ({ username: serverName, password: ownToken, share: shareOf(secret) }),
    async prepare() {
      ownToken = await signOwn();
    },
    async admit({ address, expiresAt }) {
      const clientId = secretClientId(secret, address);
      const rights = deviceRights({ address, clientId });
      return { username: address, password: await sign(address, expiresAt ?? after(passwordMs), rights), clientId };
    },
    withdraw: async () => {},
    revoke: end,
    // RabbitMQ looks at the end of a token when its holder says something, and lets it listen until then.
    async lapse(credentials) {
      for (let from = 0; from < credentials.length; from += atOnce) {
        await Promise.all(credentials.slice(from, from + atOnce).map(({ address }) => end(address)));
      }
    },
  };
}

/** The address, a colon and 128 bits that every server can work out, and nobody else. */
function secretClientId(secret: string, address: string): string {
  const bits = createHmac("sha256", secret).update(`client id ${address}`).digest().subarray(0, 16);
  return `${address}:${bits.toString("base64url")}`;
}
