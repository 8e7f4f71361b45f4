// @module-tag nightly: the device suite once more; that on Mosquitto and the embedded broker runs in CI.

import { deviceSuite } from "./suite.ts";

deviceSuite("rabbitmq-jwt");
