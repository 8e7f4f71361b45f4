import { byPgDump } from "./keeping.ts";
import { restoreDrill } from "./suite.ts";

restoreDrill(
  async () => undefined,
  () => byPgDump,
);
