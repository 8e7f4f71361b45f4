import { playTerminals } from "../agents/fleet.ts";

await playTerminals(process.argv[2] as string);
