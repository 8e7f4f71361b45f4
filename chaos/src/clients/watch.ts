import type { Reply, SeenOperation } from "../checker/history.ts";
import { slackMs } from "../checker/timing.ts";
import type { Api } from "./api.ts";

/** Reads operations that no client follows, first when they must have ended, and again until they have. */
export interface Watch {
  /** Watches the operation; `api` must belong to its account. */
  add(api: Api, operation: SeenOperation): void;
  /** Number of operations that are still watched. */
  size(): number;
  /** Ends all watching. */
  stop(): void;
}

const promisedMs = 1_000;
const lookAgainMs = 400;

/** Whether another look is useless: the operation has ended or cannot be found, which the checker judges. */
export function isSettled(reply: Reply): boolean {
  if (!("status" in reply)) return false;
  return reply.operation ? reply.operation.status !== "PENDING" : reply.status !== 503 && reply.status !== 429;
}

/** Creates a watch without operations. */
export function createWatch(): Watch {
  const timers = new Map<string, NodeJS.Timeout>();
  let stopped = false;

  const scheduleLook = (ms: number, api: Api, id: string) => {
    timers.set(
      id,
      setTimeout(() => void look(api, id), ms),
    );
  };
  const look = async (api: Api, id: string) => {
    if (isSettled(await api.look(id)) || stopped) timers.delete(id);
    else scheduleLook(lookAgainMs, api, id);
  };
  return {
    add: (api, { id, deadline }) =>
      scheduleLook(Math.max(0, Date.parse(deadline) + promisedMs + slackMs - Date.now()), api, id),
    size: () => timers.size,
    stop: () => {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
