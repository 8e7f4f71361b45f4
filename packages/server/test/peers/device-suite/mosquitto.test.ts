import { deviceSuite } from "./suite.ts";

deviceSuite("mosquitto");
