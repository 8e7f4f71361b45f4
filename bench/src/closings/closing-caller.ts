import type { Closing as ClosingShown } from "@tillkeeper/contract/http/closing-schemas";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { HttpConnection } from "../parts/http-connection.ts";
import type { Subject } from "../parts/subject.ts";
import { accountId } from "../parts/terminal-set.ts";

/** Closes stores over one connection, one request at a time. */
export class ClosingCaller {
  readonly #connection: HttpConnection;
  readonly #head: string;

  private constructor(connection: HttpConnection, head: string) {
    this.#connection = connection;
    this.#head = head;
  }

  static async open({ httpUrl, token }: Pick<Subject, "httpUrl" | "token">): Promise<ClosingCaller> {
    const head = `HTTP/1.1\r\nhost: ${new URL(httpUrl).host}\r\nauthorization: Bearer ${token}\r\n`;
    return new ClosingCaller(await HttpConnection.open(httpUrl), head);
  }

  /** Closes the store with this number; with `wait` the answer comes when nothing moves any more. */
  close(store: number, wait?: number): Promise<ClosingShown> {
    const prefer = wait === undefined ? "" : `prefer: wait=${wait}\r\n`;
    return this.#send(`POST ${pathOf(store)} ${this.#head}${prefer}content-length: 0\r\n\r\n`, 201);
  }

  read(store: number, id: string): Promise<ClosingShown> {
    return this.#send(`GET ${pathOf(store)}/${id} ${this.#head}\r\n`, 200);
  }

  end(): void {
    this.#connection.close();
  }

  async #send(request: string, expected: number): Promise<ClosingShown> {
    const { status, body } = await this.#connection.send(Buffer.from(request));
    if (status !== expected) throw new Error(`a closing was answered ${status}: ${body.toString()}`);
    return JSON.parse(body.toString()) as ClosingShown;
  }
}

function pathOf(store: number): string {
  return `/v1/accounts/${accountId}/stores/S${store}/closings`;
}

/** Opens `size` callers, each with its own connection; `closing` ends them. */
export async function openClosingCallers(
  place: Pick<Subject, "httpUrl" | "token">,
  size: number,
  closing: Closing,
): Promise<ClosingCaller[]> {
  const callers: ClosingCaller[] = [];
  closing.add(() => callers.forEach((caller) => caller.end()));
  while (callers.length < size) callers.push(await ClosingCaller.open(place));
  return callers;
}
