import { type Outage, startOutage } from "@tillkeeper/stage/outages/outage";
import { afterEach, describe, expect, it } from "vitest";

/**
 * Debian's strace, which delays the calls that wait for the disk. `when` is strace's selection of calls per process.
 */
function slowDisk(when: string, microseconds: number): string[] {
  const calls = "fdatasync,fsync";
  const options = ["-f", "--seccomp-bpf", "-I", "never", "-qqq", "-o", "/dev/null", "-e", `trace=${calls}`];
  return ["strace", ...options, "-e", `inject=fdatasync:delay_enter=${microseconds}:when=${when}`];
}

describe("a database on a slow disk", () => {
  let outage: Outage;
  afterEach(() => outage.stop());

  it("is waited for as long as that makes sense", async () => {
    outage = await startOutage("T37000001", { patience: 10 });
    await outage.recovered();
    await outage.postgres.end("fast");
    await outage.postgres.start({ under: slowDisk("1+", 200_000) });
    await outage.recovered();
    expect(await outage.wrongAnswers()).toEqual([]);
  });

  it("costs 503s when it takes longer, and nothing wrong when it is done after all", async () => {
    outage = await startOutage("T37000002", { patience: 1 });
    await outage.recovered();
    await outage.postgres.end("fast");
    // Every tenth sync of a process is slow: it takes longer than the server waits for a statement.
    await outage.postgres.start({ under: slowDisk("10+10", 2_500_000) });
    await outage.load.refusals(50);
    await outage.postgres.end("fast");
    await outage.postgres.start();
    await outage.recovered();
    expect(await outage.wrongAnswers()).toEqual([]);
  });
});
