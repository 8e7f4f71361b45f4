import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { type Answer, type Exchange } from "./exchange.ts";
import { Injection } from "./injection.ts";
import type { RunLog } from "./run-log.ts";
import { type Action, forward, type Trouble } from "./trouble.ts";

/** A larger body is none of this API. */
const mostBytes = 1024 * 1024;

/** What the proxy plays: each request is noted in the log, and goes through the trouble. */
interface Play {
  log: RunLog;
  trouble: Trouble;
}

/** Stands before the server, notes every request of the program, and makes trouble. */
export class CheckProxy {
  readonly url: string;
  /** The server's address. */
  target = "";
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #injection = new Injection();
  #play: Play | undefined;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  /** Listens at an address of this machine. Throws `StartupError` when that is not possible. */
  static async open(host: string, port: number): Promise<CheckProxy> {
    const server = createServer({ requireHostHeader: false });
    server.listen(port, host);
    await once(server, "listening").catch((cause: unknown) => {
      throw new StartupError(`Nothing can listen on ${host}, port ${port}: ${(cause as Error).message}.`, { cause });
    });
    const proxy = new CheckProxy(server, `http://${host}:${(server.address() as AddressInfo).port}`);
    server.on("request", (incoming, outgoing) => {
      proxy.#handle(incoming, outgoing).catch(() => outgoing.destroy());
    });
    return proxy;
  }

  /** From now on requests are noted here, and meet this trouble. */
  play(log: RunLog, trouble: Trouble): void {
    this.#play = { log, trouble };
  }

  /** From now on requests are only passed on. */
  rest(): void {
    this.#play?.log.end();
    this.#play = undefined;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    if (this.#server.listening) await once(this.#server, "close");
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const play = this.#play;
    const text = await bodyOf(incoming);
    if (text === undefined) return void outgoing.writeHead(413).end();
    const exchange = exchangeOf(incoming, text, play?.log.now() ?? 0);
    play?.log.exchanges.push(exchange);
    const end = () => (exchange.endedAt ??= play?.log.now() ?? 0);
    outgoing.once("close", () => {
      if (outgoing.writableFinished || exchange.fate) return;
      exchange.fate = "left";
      end();
    });
    const action = (await play?.trouble(exchange)) ?? forward;
    if (action.note !== undefined) exchange.trouble = action.note;
    const given = await this.#perform(action, exchange, text);
    end();
    if (given.answer && !exchange.fate) exchange.answer = given.answer;
    if (given.answer && exchange.fate === "left") exchange.lostAnswer = given.answer;
    if (given.cut) incoming.socket.resetAndDestroy();
    else if (!outgoing.destroyed && given.answer) write(outgoing, given.answer, given.bytes);
  }

  async #perform(action: Action, exchange: Exchange, text: Buffer): Promise<Given> {
    if (action.kind === "answer") return { answer: action.answer };
    if (action.kind === "cut") {
      exchange.fate = "cut";
      return { cut: true };
    }
    const { fault, delayMs, change, lose, replace } = action;
    const received = await this.#forward(exchange, this.#injection.bodyFor(exchange, text, fault));
    if (delayMs !== undefined) await sleep(delayMs);
    const { bytes, answer } = received;
    // Answers that are not JSON pass unchanged.
    if (!isJson(answer)) return lose ? lost(exchange, answer) : { answer, bytes };
    const shown = this.#injection.hide(exchange, answer);
    if (lose) return lost(exchange, shown);
    if (replace) exchange.lostAnswer = shown;
    return { answer: replace ?? change?.(shown) ?? shown };
  }

  async #forward(exchange: Exchange, body: Buffer): Promise<{ answer: Answer; bytes: Buffer }> {
    const { method, target, headers } = exchange;
    const passed = { ...headers, ...(body.length > 0 && { "content-length": String(body.length) }) };
    for (const name of ["connection", "keep-alive", "transfer-encoding", "accept-encoding", "expect", "upgrade"])
      delete passed[name as keyof typeof passed];
    const { hostname, port } = new URL(this.target);
    const asked = request({ hostname, port, method, path: target, headers: passed, agent: this.#agent });
    asked.end(body);
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    const bytes = Buffer.concat(await response.toArray());
    return { bytes, answer: this.#answerOf(response, bytes) };
  }

  /** Addresses of the server in its answers become those of the proxy: discovery names the token endpoint. */
  #answerOf({ statusCode = 502, headers }: IncomingMessage, bytes: Buffer): Answer {
    const named = Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || hopByHop.has(name) ? [] : [[name, String(value)]],
    );
    const answer = { status: statusCode, headers: Object.fromEntries(named) as Record<string, string> };
    const text = bytes.toString().replaceAll(this.target, this.url);
    return { ...answer, body: parsed(text, answer.headers["content-type"]) };
  }
}

/** What goes out: an answer, with its bytes where they are not JSON, or the end of the connection. */
interface Given {
  answer?: Answer;
  bytes?: Buffer;
  cut?: true;
}

const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "date"]);

function lost(exchange: Exchange, answer: Answer): Given {
  exchange.fate = "lost";
  exchange.lostAnswer = answer;
  return { cut: true };
}

function write(outgoing: ServerResponse, { status, headers, body }: Answer, bytes?: Buffer): void {
  const text = bytes ?? (typeof body === "string" ? body : JSON.stringify(body));
  const length = status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(text) };
  outgoing.writeHead(status, { ...headers, ...length });
  outgoing.end(text);
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming) {
    size += (part as Buffer).length;
    if (size > mostBytes) return undefined;
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

function exchangeOf({ method = "", url = "/", headers }: IncomingMessage, text: Buffer, at: number): Exchange {
  const { pathname, searchParams } = new URL(url, "http://proxy");
  const body = parsed(text.toString(), headers["content-type"]);
  return { at, method, target: url, path: pathname, query: searchParams, headers, body };
}

/** The JSON of a text, whatever its content type says; forms as an object; else the text. */
function parsed(text: string, type: string | undefined): unknown {
  if (type?.toLowerCase().startsWith("application/x-www-form-urlencoded"))
    return Object.fromEntries(new URLSearchParams(text));
  try {
    return text === "" ? "" : JSON.parse(text);
  } catch {
    return text;
  }
}

function isJson({ headers }: Answer): boolean {
  return headers["content-type"]?.startsWith("application/json") ?? false;
}
