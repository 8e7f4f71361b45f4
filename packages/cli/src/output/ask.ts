import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { interruptedCode } from "../interruption.ts";

/**
 * Asks for a line; the caller has checked that there is a terminal. `hidden`: the input is not echoed. Ctrl-C and the end of the input
 * end the process with 130.
 */
export async function ask(what: string, { hidden = false }: { hidden?: boolean } = {}): Promise<string> {
  // The input is not echoed: neither the screen nor a recording of it shows the secret.
  const output = hidden ? new Writable({ write: (_part, _encoding, done) => done() }) : process.stderr;
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  // The question would stay without an answer for ever.
  const given = new Promise<undefined>((resolve) => lines.once("close", () => resolve(undefined)));
  // Behind the interface, which has switched the terminal's own echo off.
  if (hidden) process.stderr.write(`${what}: `);
  const answer = await Promise.race([lines.question(hidden ? "" : `${what}: `).catch(() => undefined), given]);
  lines.close();
  if (hidden || answer === undefined) process.stderr.write("\n");
  if (answer === undefined) process.exit(interruptedCode);
  return answer.trim();
}
