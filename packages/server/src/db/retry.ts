import { isRetryable } from "./failures.ts";

const mostTries = 5;

/**
 * Runs a statement again when it lost against another one (deadlock, serialization failure): it changed nothing.
 * Distributed databases that speak PostgreSQL's protocol answer so as a matter of course.
 */
export async function retried<T>(run: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isRetryable(error) || tries === mostTries) throw error;
    }
  }
}
