import { deviceSuite } from "../peers/device-suite/suite.ts";

deviceSuite("rabbitmq");
