import type { EmbeddedPostgres } from "@tillkeeper/server/db/embedded/postgres";

/** The embedded database's address as a connection string, for those who take nothing else. */
export function databaseUrl({ host, port, user, password, database }: EmbeddedPostgres["connection"]): string {
  const url = new URL(`postgres://localhost:${port}/${database}`);
  url.username = user;
  url.password = password;
  url.searchParams.set("host", host);
  return url.href;
}
