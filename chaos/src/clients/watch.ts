import type { Reply, SeenOperation } from "../checker/history.ts";
import { slackMs } from "../checker/timing.ts";
import type { Api } from "./api.ts";

/** Looks at operations that nobody follows, when they must have ended; and again, until they have. */
export interface Watch {
  add(api: Api, operation: SeenOperation): void;
  /** How many are still watched. */
  size(): number;
  stop(): void;
}

const promisedMs = 1_000;
const lookAgainMs = 400;

/** Another look would show nothing else: it has ended, or it is not to be found, which the checker makes of what it can. */
export function isSettled(reply: Reply): boolean {
  if (!("status" in reply)) return false;
  return reply.operation ? reply.operation.status !== "PENDING" : reply.status !== 503 && reply.status !== 429;
}

export function createWatch(): Watch {
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;

  const lookIn = (ms: number, api: Api, id: string) => {
    timers.set(
      id,
      setTimeout(() => void look(api, id), ms),
    );
  };
  const look = async (api: Api, id: string) => {
    if (isSettled(await api.look(id)) || stopped) timers.delete(id);
    else lookIn(lookAgainMs, api, id);
  };
  return {
    add: (api, { id, deadline }) => lookIn(Date.parse(deadline) + promisedMs + slackMs - Date.now(), api, id),
    size: () => timers.size,
    stop: () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
