import type { Connection } from "../connection/connect.ts";
import { unknownExitCode } from "../failure.ts";

/** What tells of an operation, as far as its end matters here. */
interface Ending {
  id: string;
  operation: string;
  status: string;
  unknown_end?: boolean;
}

/** An operation that was waited for to its end and is still PENDING is read again until it ends; other answers stay as they are. */
export async function waitedFor(
  connection: Connection,
  answer: unknown,
  wait: string | true | undefined,
): Promise<unknown> {
  if (wait !== true || !isOperation(answer) || answer.status !== "PENDING") return answer;
  return connection.ask((client) => client.operations.wait(answer.id));
}

/** The exit code for what a command has waited for: 1 for FAILED; 4 while the operation is PENDING, and when its end is unknown. */
export function exitCodeOf(answer: unknown): number {
  if (!isOperation(answer) || answer.status === "COMPLETED") return 0;
  return answer.status === "FAILED" && answer.unknown_end !== true ? 1 : unknownExitCode;
}

function isOperation(answer: unknown): answer is Ending {
  return typeof answer === "object" && answer !== null && "operation" in answer && "status" in answer;
}
