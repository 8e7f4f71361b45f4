import { mosquittoDynsec } from "../../support/mosquitto-dynsec.ts";
import { byTillkeeper } from "./keeping.ts";
import { restoreDrill } from "./suite.ts";

restoreDrill(mosquittoDynsec, byTillkeeper);
