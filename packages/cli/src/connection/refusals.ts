import { ConnectionError, TillkeeperError, TimeoutError } from "@tillkeeper/sdk";
import { readError } from "@tillkeeper/sdk/error";
import { StartupError } from "@tillkeeper/server/platform/startup-error";
import { networkFault } from "../agent/network-fault.ts";

/** An answer of the server that is not a success, or a server that cannot be reached, as one sentence; anything else as it is. */
export function asSentence(error: unknown, url = ""): unknown {
  if (error instanceof StartupError) return error;
  if (error instanceof TimeoutError) {
    return new StartupError(`The server at ${url} gave no answer in time.`, { cause: error });
  }
  if (isUnreached(error)) {
    const why = networkFault(error);
    const because = why === undefined ? "" : ` (${why})`;
    return new StartupError(`The server at ${url} cannot be reached${because}.`, { cause: error });
  }
  if (error instanceof TillkeeperError) return new StartupError(sentenceOf(error), { cause: error });
  return error;
}

/** Whether the server was not reached: fetch has failed, or the client has waited long enough. */
function isUnreached(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof TypeError && at.message === "fetch failed") return true;
  }
  return false;
}

function sentenceOf({ message, code, errors, retryAfterSeconds }: TillkeeperError): string {
  const places = errors.flatMap((place) => [
    `  ${place.path}: ${place.message}`,
    ...("next_step_text" in place ? [`  ${place.next_step_text}`] : []),
  ]);
  const again = retryAfterSeconds === undefined ? [] : [`  Try again in ${retryAfterSeconds} s.`];
  return [`${message} (${code})`, ...places, ...again].join("\n");
}

/** An answer that is not a success as one sentence, with the places that it names. */
export async function refusalOf(response: Response): Promise<unknown> {
  return asSentence(await readError(response));
}
