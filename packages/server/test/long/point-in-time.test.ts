import { PointInTime } from "../peers/restore-drill/point-in-time.ts";
import { restoreDrill } from "../peers/restore-drill/suite.ts";

restoreDrill(
  async () => undefined,
  () => new PointInTime(),
);
