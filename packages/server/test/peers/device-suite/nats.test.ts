import { deviceSuite } from "./suite.ts";

deviceSuite("nats");
