import { versionSuite } from "./suite.ts";

versionSuite("mosquitto-311");
