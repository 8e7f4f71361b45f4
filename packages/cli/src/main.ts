#!/usr/bin/env node
import { reportFailure } from "./failure.ts";
import { programFor, upToUnknown } from "./program/program.ts";

// Whoever read our output has gone (`| head`, a closed terminal): no reason to end in disorder.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}

try {
  const args = process.argv.slice(2);
  const program = await programFor(args);
  await program.parseAsync(upToUnknown(program, args), { from: "user" });
} catch (error) {
  reportFailure(error);
  process.exitCode = 1;
}
// Whatever a command has left open must not keep the process alive; by now there is nothing worth waiting for.
process.exit();
