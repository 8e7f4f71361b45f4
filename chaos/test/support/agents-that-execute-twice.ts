import type { OperationHandler, OperationHandlers } from "@tillkeeper/agent/operations/operation";
import { playTerminals } from "../../src/agents/fleet.ts";

let runs = 0;

/** Executes every third `send_logs` twice, and answers with the outcome of the second execution. */
function executeTwice({ send_logs: sound, ...others }: OperationHandlers<null>): OperationHandlers<null> {
  if (!sound) throw new Error("there is nothing to spoil");
  const handler: OperationHandler<"send_logs", null> = {
    ...sound,
    run: async (operation, context) => {
      runs += 1;
      if (runs % 3 === 0) await sound.run(operation, context);
      return sound.run(operation, context);
    },
  };
  return { ...others, send_logs: handler };
}

await playTerminals(process.argv[2] as string, { handlers: executeTwice });
