import type { AddressInfo } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterAll, expect } from "vitest";

/** A mail that came. */
export interface ReceivedMail {
  from: string;
  to: string[];
  raw: string;
  mail: ParsedMail;
  /** Whether it came over TLS, and as whom. */
  secure: boolean;
  user: string | undefined;
}

/** What a mail server does with a step: nothing out of the ordinary, or an answer with this code. */
type Answering = (what: string) => { code: number; text: string } | undefined;

/** A real mail server on this machine, which takes what comes and keeps it. It ends after the tests of the file. */
export class MailServer {
  readonly received: ReceivedMail[] = [];
  /** How it answers recipients, and the mail itself by its text. */
  recipients: Answering = () => undefined;
  mails: Answering = () => undefined;
  /** Called before it answers a mail; it answers when this resolves. */
  before: () => Promise<void> = async () => {};
  /** How many mails wait for their answer. */
  waiting = 0;
  #server: SMTPServer | undefined;
  #port = 0;
  readonly #options: SMTPServerOptions;

  constructor(options: SMTPServerOptions = {}) {
    this.#options = options;
  }

  static async open(options?: SMTPServerOptions): Promise<MailServer> {
    const server = new MailServer(options);
    await server.start();
    afterAll(() => server.stop());
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts it, at the port that it had before. */
  async start(): Promise<void> {
    const server = new SMTPServer({
      disabledCommands: ["STARTTLS", "AUTH"],
      authOptional: true,
      disableReverseLookup: true,
      closeTimeout: 100,
      logger: false,
      ...this.#options,
      onRcptTo: ({ address }, _session, done) => done(errorOf(this.recipients(address))),
      onData: (stream, session, done) => {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const raw = Buffer.concat(chunks).toString();
          void this.#take(raw, session).then(done, done);
        });
      },
    });
    this.#server = server;
    server.on("error", () => {});
    await new Promise<void>((resolve) => server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (server.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #take(
    raw: string,
    { envelope, secure, user }: Parameters<NonNullable<SMTPServerOptions["onData"]>>[1],
  ): Promise<Error | undefined> {
    this.waiting += 1;
    await this.before();
    this.waiting -= 1;
    const refusal = errorOf(this.mails(raw));
    if (refusal) return refusal;
    this.received.push({
      from: envelope.mailFrom ? envelope.mailFrom.address : "",
      to: envelope.rcptTo.map(({ address }) => address),
      raw,
      mail: await simpleParser(raw),
      secure,
      user: typeof user === "string" ? user : undefined,
    });
    return undefined;
  }

  /** What came to an address. */
  to(address: string): ReceivedMail[] {
    return this.received.filter(({ to }) => to.includes(address));
  }

  /** Waits for the first mail to an address. */
  async first(address: string, timeout = 20_000): Promise<ReceivedMail> {
    await expect.poll(() => this.to(address).length, { timeout }).toBeGreaterThan(0);
    return this.to(address)[0] as ReceivedMail;
  }

  /** The settings of a Tillkeeper server that sends by this mail server. */
  config(more: { login?: { user: string; password: string }; tls?: boolean; caFile?: string; host?: string } = {}) {
    const { login, tls = false, caFile, host = "127.0.0.1" } = more;
    return {
      server: { host, port: this.#port, tls, ...(login && { login }) },
      from: { name: "Kiosk", address: "post@kiosk.example" },
      ...(caFile !== undefined && { caFile }),
    };
  }
}

function errorOf(answer: ReturnType<Answering>): Error | undefined {
  return answer && Object.assign(new Error(answer.text), { responseCode: answer.code });
}
