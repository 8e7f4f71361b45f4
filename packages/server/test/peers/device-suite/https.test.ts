import { deviceSuite } from "./suite.ts";

deviceSuite("https");
