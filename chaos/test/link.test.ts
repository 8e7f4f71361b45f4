import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Link } from "@tillkeeper/stage/links/link";
import { afterAll, beforeAll, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "tillkeeper-link-"));
const path = join(folder, "socket");
/** An echo server on a Unix socket, as the database has. */
const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
const link = new Link(() => ({ path }));

beforeAll(async () => {
  await new Promise<void>((resolve) => echo.listen(path, resolve));
  await link.open();
});
afterAll(async () => {
  await link.close();
  await new Promise((resolve) => echo.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<Socket> {
  const socket = connect(link.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

const nextData = (socket: Socket) =>
  new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
const nextError = (socket: Socket) =>
  new Promise<string | undefined>((resolve) => socket.once("error", ({ code }: { code?: string }) => resolve(code)));

it("keeps bytes and new connections back until it is mended, and loses nothing", async () => {
  const early = await open();
  early.write("before");
  expect(await nextData(early)).toBe("before");
  link.hold();
  const late = await open();
  const answers = Promise.all([nextData(early), nextData(late)]);
  let answered = false;
  void answers.then(() => (answered = true));
  early.write("one");
  late.write("two");
  // A round trip past the link shows that the held answers would have had the time to arrive.
  const direct = connect(path);
  direct.write("three");
  expect(await nextData(direct)).toBe("three");
  expect(answered).toBe(false);
  link.mend();
  expect(await answers).toEqual(["one", "two"]);
  for (const socket of [early, late, direct]) socket.destroy();
});

it("resets every connection when it is cut, and those that come until it is mended", async () => {
  const [first, second] = [await open(), await open()];
  const ends = Promise.all([nextError(first), nextError(second)]);
  link.cut();
  expect(await ends).toEqual(["ECONNRESET", "ECONNRESET"]);
  const refused = connect(link.port, "127.0.0.1");
  expect(await nextError(refused)).toBe("ECONNRESET");
  link.mend();
  const mended = await open();
  mended.write("again");
  expect(await nextData(mended)).toBe("again");
  mended.destroy();
});
