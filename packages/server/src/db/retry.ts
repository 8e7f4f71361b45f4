import { isRetryable } from "./failures.ts";

const mostTries = 5;

/**
 * Runs a statement again after a deadlock or serialization failure, by which the statement has changed nothing.
 * Distributed databases with PostgreSQL's protocol report such failures routinely.
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
