import { deviceSuite } from "./suite.ts";

deviceSuite("rabbitmq-jwt");
