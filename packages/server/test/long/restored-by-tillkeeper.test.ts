import { mosquittoDynsec } from "@tillkeeper/stage/brokers/mosquitto-dynsec";
import { byTillkeeper } from "../peers/restore-drill/keeping.ts";
import { restoreDrill } from "../peers/restore-drill/suite.ts";

restoreDrill(mosquittoDynsec, byTillkeeper);
