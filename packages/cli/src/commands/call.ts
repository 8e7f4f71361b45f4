import { createWriteStream, openAsBlob } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { nextPage } from "@tillkeeper/sdk/next-page";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { readBody } from "../calls/body.ts";
import { type CallRow, idsOf } from "../calls/call.ts";
import { partsOf, type Read } from "../calls/flags.ts";
import { exitCodeOf, waitedFor } from "../calls/waiting.ts";
import { nounWords } from "../calls/words.ts";
import { type Connection, connect, type Request } from "../connection/connect.ts";
import type { ConnectionFlags } from "../connection/flags.ts";
import { refusalOf } from "../connection/refusals.ts";
import { UsageError } from "../failure.ts";
import { say } from "../output/screen.ts";
import { showJson, showList, showRecord } from "../output/show.ts";

/** A call as the command line has it. */
interface Call {
  noun: string;
  name: string;
  row: CallRow;
  /** The words behind the command: the ids of the path, then `inWords`. */
  ids: readonly string[];
  inWords: readonly string[];
  given: Read;
}

/** What the command was given beside the flags of its endpoint. */
interface OwnFlags extends ConnectionFlags {
  json?: true;
  body?: string;
  file?: string;
  output?: string;
  all?: true;
  wait?: string | true;
  as?: string;
  ifMatch?: string;
  idempotencyKey?: string;
}

/** Calls an endpoint and prints its answer. */
export async function runCall(call: Call): Promise<void> {
  const { row, given } = call;
  const own = given as OwnFlags;
  const request = await requestOf(call, own);
  const connection = connect(own);
  if (own.all) return showAll(connection, call, request, own);
  if (row.file !== undefined) return saveFile(await accepted(connection, request), own);
  if (own.as !== undefined && own.as !== "json") {
    return void process.stdout.write(await (await accepted(connection, request)).text());
  }
  const response = await accepted(connection, request);
  const text = await response.text();
  if (text === "") return say("Done.");
  const answer: unknown = await waitedFor(connection, JSON.parse(text), own.wait);
  show(call, answer, own, nextPage(answer, response.headers.get("link")));
  if (row.waits && own.wait !== undefined) process.exitCode = exitCodeOf(answer);
}

async function requestOf({ row, ids, inWords, given }: Call, own: OwnFlags): Promise<Request> {
  const names = idsOf(row);
  const path = names.reduce((filled, name, index) => filled.replace(`:${name}`, pathPart(ids[index] ?? "")), row.path);
  const words = Object.fromEntries(inWords.map((name, index) => [name, ids[names.length + index]]));
  const { query, body } = partsOf(row, given, readBody(own.body));
  const whole = inWords.length > 0 ? { ...words, ...(body as object) } : body;
  return {
    method: row.method,
    path,
    query,
    ...(row.body && { body: whole }),
    ...(row.upload !== undefined && { file: { content: await readUpload(own.file ?? ""), type: row.upload } }),
    headers: {
      ...(row.waits && own.wait !== undefined && { prefer: `wait=${secondsOf(own.wait)}` }),
      ...(row.keyed && { "idempotency-key": own.idempotencyKey ?? crypto.randomUUID() }),
      ...(own.ifMatch !== undefined && { "if-match": own.ifMatch }),
      ...(own.as !== undefined && own.as !== "json" && { accept: own.as }),
      ...(row.file !== undefined && { accept: `${row.file}, application/json` }),
    },
  };
}

const longestWaitSeconds = 60;

function secondsOf(wait: string | true): number {
  const seconds = wait === true ? longestWaitSeconds : Number(wait);
  if (Number.isInteger(seconds) && seconds >= 0) return Math.min(seconds, longestWaitSeconds);
  throw new UsageError("error: --wait takes a whole number of seconds");
}

/** An id as a part of a path. `.` and `..` would lead to another one. */
function pathPart(id: string): string {
  if (["", ".", ".."].includes(id)) throw new UsageError(`error: "${id}" cannot be an id`);
  return encodeURIComponent(id);
}

async function readUpload(path: string): Promise<Blob> {
  try {
    return await openAsBlob(path);
  } catch (error) {
    throw new StartupError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`, { cause: error });
  }
}

async function accepted(connection: Connection, request: Request): Promise<Response> {
  const response = await connection.send(request);
  if (!response.ok) throw await refusalOf(response);
  return response;
}

function show({ noun, name, row }: Call, answer: unknown, { json }: OwnFlags, next: string | undefined): void {
  if (json) return showJson(answer);
  const list = itemsOf(answer, row);
  if (list === undefined) return showRecord(answer);
  showList(list, columnsOf(noun, name));
  if (next !== undefined) say(`There are more: --starting-after ${next}, or --all.`);
}

function columnsOf(noun: string, name: string): readonly string[] | undefined {
  return nounWords[noun]?.columns?.[name];
}

/** The items of a list, which is an array, or an object with nothing else than one array and where the next page begins. */
function itemsOf(answer: unknown, { method, pages }: CallRow): unknown[] | undefined {
  if (Array.isArray(answer)) return answer;
  if (method !== "GET" || typeof answer !== "object" || answer === null) return undefined;
  return pages || Object.keys(answer).length === 1 ? Object.values(answer).find(Array.isArray) : undefined;
}

const largestPage = 100;

async function showAll(connection: Connection, call: Call, request: Request, { json }: OwnFlags): Promise<void> {
  const all: unknown[] = [];
  const first = { limit: largestPage, ...request.query };
  for (let further: object = {}; ; ) {
    const response = await accepted(connection, { ...request, query: { ...first, ...further } });
    const page: unknown = await response.json();
    const items = itemsOf(page, call.row) ?? [];
    if (json) for (const item of items) console.log(JSON.stringify(item));
    else all.push(...items);
    const next = nextPage(page, response.headers.get("link"));
    if (next === undefined) break;
    further = { starting_after: next };
  }
  if (!json) showList(all, columnsOf(call.noun, call.name));
}

async function saveFile(response: Response, { output }: OwnFlags): Promise<void> {
  const content = Readable.fromWeb(response.body ?? new Blob([]).stream());
  if (output !== undefined) return pipeline(content, createWriteStream(output));
  const isText = response.headers.get("content-type")?.startsWith("text/") ?? false;
  if (process.stdout.isTTY && !isText) {
    throw new UsageError("error: it is a file: say --output <path>, or send it to another program");
  }
  for await (const part of content) process.stdout.write(part as Uint8Array);
}
