import { PointInTime } from "./point-in-time.ts";
import { restoreDrill } from "./suite.ts";

restoreDrill(
  async () => undefined,
  () => new PointInTime(),
);
