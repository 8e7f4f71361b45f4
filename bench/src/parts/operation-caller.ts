import type { OperationName } from "@tillkeeper/contract/operations";
import type { Closing } from "@tillkeeper/server/platform/closing";
import { type Answer, HttpConnection } from "./http-connection.ts";
import type { Subject } from "./subject.ts";
import { terminalId } from "./terminal-set.ts";

/** The longest that the API allows, so that no operation times out during a measurement without terminals. */
const timeoutSeconds = 600;

/** Sends operations over one connection. The request is prepared once; only the terminal id is overwritten. */
export class OperationCaller {
  readonly #connection: HttpConnection;
  readonly #request: Buffer;
  readonly #idAt: number;

  static async open(
    { httpUrl, token }: Pick<Subject, "httpUrl" | "token">,
    operation: OperationName = "open_menu",
    headers: Readonly<Record<string, string>> = {},
  ): Promise<OperationCaller> {
    const { host } = new URL(httpUrl);
    return new OperationCaller(await HttpConnection.open(httpUrl), { host, token, operation, headers });
  }

  private constructor(
    connection: HttpConnection,
    {
      host,
      token,
      operation,
      headers,
    }: { host: string; token: string; operation: OperationName; headers: Readonly<Record<string, string>> },
  ) {
    this.#connection = connection;
    const body = JSON.stringify({ terminal_id: terminalId(0), operation, timeout: timeoutSeconds });
    const head = [
      "POST /v1/admin/terminals/operations HTTP/1.1",
      `host: ${host}`,
      `authorization: Bearer ${token}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
    ];
    this.#request = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`);
    this.#idAt = this.#request.indexOf(terminalId(0));
  }

  /** Resolves with the answer if it is 201; rejects for any other status. */
  async send(terminal: number): Promise<Answer> {
    this.#request.write(terminalId(terminal), this.#idAt, "latin1");
    const answer = await this.#connection.send(this.#request);
    if (answer.status === 201) return answer;
    throw new Error(`${terminalId(terminal)} was answered ${answer.status}: ${answer.body.toString()}`);
  }

  close(): void {
    this.#connection.close();
  }
}

/** Opens `size` callers, each with its own connection; `closing` closes them. */
export async function openCallers(
  place: Pick<Subject, "httpUrl" | "token">,
  size: number,
  closing: Closing,
  operation?: OperationName,
): Promise<OperationCaller[]> {
  const callers: OperationCaller[] = [];
  closing.add(() => callers.forEach((caller) => caller.close()));
  while (callers.length < size) callers.push(await OperationCaller.open(place, operation));
  return callers;
}
