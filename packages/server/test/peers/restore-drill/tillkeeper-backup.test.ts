import { mosquittoDynsec } from "@tillkeeper/stage/brokers/mosquitto-dynsec";
import { byTillkeeper } from "./keeping.ts";
import { restoreDrill } from "./suite.ts";

restoreDrill(mosquittoDynsec, byTillkeeper);
