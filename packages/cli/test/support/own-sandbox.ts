import type { Ended } from "@tillkeeper/stage/processes/program";
import { type Cli, makeScratch, readSandboxFile, type SandboxFile, type Scratch, startCli } from "./cli.ts";

/** A sandbox for the tests of a file, and the program beside it, which finds it by its folder. */
export interface OwnSandbox {
  place: Scratch;
  file: SandboxFile;
  /** Starts the program with these arguments. */
  start: (args: readonly string[], env?: Record<string, string>) => Cli;
  /** Runs the program to its end. */
  run: (args: readonly string[], env?: Record<string, string>) => Promise<Ended>;
  /** Runs the program, which has to end with 0, and reads its JSON. */
  json: <T>(args: readonly string[]) => Promise<T>;
  stop: () => Promise<void>;
}

/** Starts a sandbox; the caller stops it. */
export async function openOwnSandbox(settings: Record<string, string> = {}): Promise<OwnSandbox> {
  const place = makeScratch();
  const sandbox = startCli(["sandbox"], { ...place.env, TILLKEEPER_SANDBOX_ACCOUNT_ID: "T12345678", ...settings });
  await sandbox.until(/Ctrl-C ends it\.\n/);
  const own = { TILLKEEPER_DATA_DIR: place.data, XDG_CONFIG_HOME: `${place.data}-config` };
  const start = (args: readonly string[], env: Record<string, string> = {}) => startCli(args, { ...own, ...env });
  const run = (args: readonly string[], env?: Record<string, string>) => start(args, env).ended;
  return {
    place,
    file: readSandboxFile(place),
    start,
    run,
    json: async <T>(args: readonly string[]) => {
      const { code, stdout, stderr } = await run([...args, "--json"]);
      if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as T;
    },
    stop: async () => {
      await sandbox.stop();
      place.remove();
    },
  };
}
