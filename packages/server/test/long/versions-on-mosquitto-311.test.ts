import { versionSuite } from "../peers/device-suite/suite.ts";

versionSuite("mosquitto-311");
