export { type Sandbox, type StartSandboxOptions, startSandbox } from "./start.ts";
