import { deviceSuite } from "./suite.ts";

deviceSuite("embedded");
