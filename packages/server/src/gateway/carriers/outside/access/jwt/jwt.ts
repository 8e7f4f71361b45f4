import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import type { RealClock } from "../../../../../platform/clock.ts";
import { dayMs } from "../../../../../platform/time-spans.ts";
import type { BrokerAccess, BrokerAddress } from "../access.ts";
import { kick } from "../kick.ts";
import { shareOf } from "../share.ts";
import type { BrokerKey } from "./broker-key.ts";
import { brokerAudience, deviceRights, type Rights, serverRights } from "./rights.ts";

interface JwtOptions extends BrokerAddress {
  key: BrokerKey;
  /** Keys the HMAC that client ids are made with. */
  secret: string;
  clock: RealClock;
}

const serverName = "tillkeeper";
/** The life of a server's token. At its end the broker closes the connection, and the server opens another. */
const serverTokenMs = 30 * dayMs;
/**
 * The life of a token in place of a password, which is never renewed: such a broker cannot ask whether a password
 * holds.
 */
const passwordMs = 3_650 * dayMs;
/** How many connections are ended at a time. */
const atOnce = 10;

/**
 * Access for brokers that read rights from tokens, and have neither a list of credentials nor a way to ask this server.
 * A signed token grants its rights until it ends, so a replaced device cannot be kept out earlier. Its connection is
 * ended, and it comes back under an address that is over.
 *
 * Such a broker may compare the client id with nothing. A device that knew another's client id could end its
 * connections, so client ids must not be guessable.
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

  async function endConnection(address: string): Promise<void> {
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
    revoke: endConnection,
    // RabbitMQ checks the end of a token when the client publishes; a client that only listens would stay connected.
    async lapse(credentials) {
      for (let from = 0; from < credentials.length; from += atOnce) {
        await Promise.all(credentials.slice(from, from + atOnce).map(({ address }) => endConnection(address)));
      }
    },
  };
}

/** The client id of a device: its address, a colon, and 128 bits that only the servers can compute. */
function secretClientId(secret: string, address: string): string {
  const bits = createHmac("sha256", secret).update(`client id ${address}`).digest().subarray(0, 16);
  return `${address}:${bits.toString("base64url")}`;
}
