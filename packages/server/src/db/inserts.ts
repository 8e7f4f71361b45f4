import type pg from "pg";

/**
 * Calls `told` when a connection comes back to its pool on which rows may have been inserted into `table`: their transaction has ended by
 * then. It goes by the statement's text, which has to say `insert into <table>`, and by whether it answered rows or counted any, so
 * that those which ask again and again tell nothing while they find nothing. Tells too much after a rollback.
 */
export function tellOfInserts(pools: readonly pg.Pool[], table: string, told: () => void): void {
  const phrase = `insert into ${table}`;
  const inserters = new WeakSet<pg.ClientBase>();
  for (const pool of pools) {
    pool.on("connect", (client) => {
      const query = client.query.bind(client) as (...args: unknown[]) => unknown;
      const ended = (result: pg.QueryResult | undefined) => {
        if (result?.rowCount) inserters.add(client);
      };
      client.query = (...args: unknown[]) => {
        if (!textOf(args[0]).includes(phrase)) return query(...args) as never;
        const callback = args.at(-1);
        if (typeof callback === "function") {
          const heard = (error: unknown, result: pg.QueryResult) => {
            ended(result);
            callback(error, result);
          };
          return query(...args.slice(0, -1), heard) as never;
        }
        const answer = query(...args) as Promise<pg.QueryResult>;
        answer.then(ended, () => {});
        return answer as never;
      };
    });
    pool.on("release", (_, client) => {
      if (inserters.delete(client)) told();
    });
  }
}

function textOf(statement: unknown): string {
  if (typeof statement === "string") return statement;
  return (statement as { text?: string }).text ?? "";
}
