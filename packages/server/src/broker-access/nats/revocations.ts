import { createUser } from "@nats-io/nkeys";
import { connect, jwtAuthenticator, type NatsConnection, TimeoutError } from "@nats-io/transport-node";
import { pause } from "../../platform/worker.ts";
import { accountJwt, claimsOf, type NatsKeys, sign } from "./keys.ts";

interface RevocationOptions {
  /** `nats://` address of the broker. */
  url: string;
  keys: NatsKeys;
  ca?: string | undefined;
}

/** By user key, the number up to which credentials of a terminal are over: it rises with each replacement. */
type Revocations = Record<string, number>;

const answerMs = 2_000;
/** Sessions and unacknowledged messages of MQTT are kept in streams. */
const streams = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
/** When to look whether another server, which wrote at the same moment, has written over what we wrote. */
const looksAgainMs = [500, 1_500, 3_000];

/**
 * The list of revocations in the account's JWT, which the broker holds (its `full` resolver) and shares in a cluster. It
 * is read, changed and written as a whole, so each server looks again after a moment and repeats what got lost.
 */
export class NatsRevocations {
  readonly #options: RevocationOptions;
  readonly #ending = new AbortController();
  #connection: Promise<NatsConnection> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  /** What another server may still write over. */
  readonly #unsettled = new Map<string, number>();

  constructor(options: RevocationOptions) {
    this.#options = options;
  }

  /** The number of a terminal's last replacement. Users that are to hold must carry a higher one. */
  async of(userKey: string): Promise<number> {
    return revocationsIn(await this.#lookUp())[userKey] ?? 0;
  }

  /**
   * Ends what was handed out to the terminal so far, and its connections. Answers its new number. `certain` is called when
   * nobody has written over it for some seconds; not at all if that could not be seen.
   */
  async add(userKey: string, certain: () => Promise<void> = async () => {}): Promise<number> {
    const number = await this.#inTurn(async () => {
      // Not the next one alone: what was written over is in no list, and its number must not be given again.
      const next = Math.max((await this.of(userKey)) + 1, Math.floor(Date.now() / 1000));
      await this.#write({ [userKey]: next });
      return next;
    });
    this.#unsettled.set(userKey, number);
    void this.#lookAgain(userKey, number)
      .then((stood) => (stood ? certain() : undefined))
      .catch(() => undefined);
    return number;
  }

  /**
   * Makes the account, should the broker not have it. In a cluster, one that has just joined may list none; but then
   * another one answers who asks for it. To make it again would forget what was revoked.
   */
  async open(): Promise<void> {
    const { operator, account } = this.#options.keys;
    const listed = JSON.parse(await this.#ask("$SYS.REQ.CLAIMS.LIST")) as { data?: string[] };
    if (listed.data?.includes(account.getPublicKey())) return;
    const known = await this.#ask(this.#lookUpSubject()).catch((error: unknown) => {
      if (error instanceof TimeoutError) return "";
      throw error;
    });
    if (known !== "") return;
    await this.#update(accountJwt(operator, account.getPublicKey(), "tillkeeper", streams));
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#turn;
    // Nobody looks after it from now on.
    if (this.#unsettled.size > 0) await this.#write(Object.fromEntries(this.#unsettled)).catch(() => undefined);
    const connection = await this.#connection?.catch(() => undefined);
    await connection?.close();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Answers whether it still stood at the last look. */
  async #lookAgain(userKey: string, number: number): Promise<boolean> {
    let stood = false;
    for (const ms of looksAgainMs) {
      await pause(ms, this.#ending.signal);
      if (this.#ending.signal.aborted) return false;
      // One that fails is made up for by the next.
      stood = await this.#inTurn(() => this.#write({ [userKey]: number })).catch(() => false);
    }
    if (this.#unsettled.get(userKey) === number) this.#unsettled.delete(userKey);
    return stood;
  }

  /** Writes only what is not there already; answers whether all of it was. */
  async #write(wanted: Revocations): Promise<boolean> {
    const { operator, account } = this.#options.keys;
    const jwt = await this.#lookUp();
    const { name, nats } = claimsOf(jwt);
    const known = revocationsIn(jwt);
    const missing = Object.entries(wanted).filter(([key, number]) => (known[key] ?? 0) < number);
    if (missing.length === 0) return true;
    const revocations = { ...known, ...Object.fromEntries(missing) };
    const subject = account.getPublicKey();
    await this.#update(sign(operator, { subject, name, type: "account", nats: { ...nats, revocations } }));
    return false;
  }

  async #update(jwt: string): Promise<void> {
    const reply = JSON.parse(await this.#ask("$SYS.REQ.CLAIMS.UPDATE", jwt)) as { data?: { code?: number } };
    if (reply.data?.code !== 200) throw new Error(`the broker refused the account: ${JSON.stringify(reply)}`);
  }

  #lookUpSubject(): string {
    return `$SYS.REQ.ACCOUNT.${this.#options.keys.account.getPublicKey()}.CLAIMS.LOOKUP`;
  }

  async #lookUp(): Promise<string> {
    const jwt = await this.#ask(this.#lookUpSubject());
    if (jwt === "") throw new Error("the broker does not know the account; see docs/brokers.md");
    return jwt;
  }

  async #ask(subject: string, payload = ""): Promise<string> {
    this.#connection ??= this.#connect();
    const connection = await this.#connection;
    return (await connection.request(subject, payload, { timeout: answerMs })).string();
  }

  /** Once; the next question opens another one. */
  async #connect(): Promise<NatsConnection> {
    const { url, keys, ca } = this.#options;
    const forget = () => (this.#connection = undefined);
    const user = createUser();
    const nats = { subs: -1, data: -1, payload: -1 };
    const jwt = sign(keys.system, { subject: user.getPublicKey(), name: "tillkeeper", type: "user", nats });
    try {
      const authenticator = jwtAuthenticator(jwt, user.getSeed());
      const tls = url.startsWith("tls:") ? { tls: tlsTo(url, ca) } : {};
      const connection = await connect({ servers: url, authenticator, timeout: answerMs, reconnect: false, ...tls });
      void connection.closed().then(forget);
      return connection;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

/** The client looks at a certificate for its host's name; where that is an IP address, it would look for "localhost". */
function tlsTo(url: string, ca: string | undefined): { ca?: string; host: string } {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  return { host, ...(ca !== undefined && { ca }) };
}

function revocationsIn(jwt: string): Revocations {
  return (claimsOf(jwt).nats["revocations"] ?? {}) as Revocations;
}
