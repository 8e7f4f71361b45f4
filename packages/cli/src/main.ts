#!/usr/bin/env node
import { reportFailure } from "./failure.ts";
import { watchNpm } from "./npm-parent.ts";
import { programFor, untilUnknownCommand } from "./program/program.ts";

// The reader of our output has gone (`| head`, a closed terminal): the command still ends in order.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
  });
}

// Begun before a command's modules are loaded: npm may be killed while they are.
watchNpm(() => {
  console.error("The npm that ran this has ended: ending, too.");
  process.kill(process.pid, "SIGTERM");
});

try {
  const args = process.argv.slice(2);
  const program = await programFor(args);
  await program.parseAsync(untilUnknownCommand(program, args), { from: "user" });
} catch (error) {
  reportFailure(error);
}
// Sockets and timers that a command left open must not keep the process alive.
process.exit();
