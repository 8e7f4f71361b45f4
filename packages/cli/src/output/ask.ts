import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { interruptedCode } from "../interruption.ts";

/**
 * Asks for a line at a terminal, which the caller has made sure of. `hidden`: what is typed is not shown. Ctrl-C and the end of the input
 * end the process with 130.
 */
export async function ask(what: string, { hidden = false }: { hidden?: boolean } = {}): Promise<string> {
  // Nobody who looks over a shoulder, and no recording, gets the secret: what is typed is not written back.
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
