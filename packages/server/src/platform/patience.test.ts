import { describe, expect, it } from "vitest";
import { patiently } from "./patience.ts";
import { StartupError } from "./startup-error.ts";

const away = () => new StartupError("The database is away.", { mayPass: true });

/** Fails so often, then opens; counts how often it was asked. */
function door(failures: number, error = away) {
  const tried = { times: 0 };
  const open = async () => {
    tried.times += 1;
    if (tried.times <= failures) throw error();
    return "open";
  };
  return { tried, open };
}

describe("patience at the start", () => {
  const lines: unknown[] = [];
  const log = { warn: (...line: unknown[]) => void lines.push(line) };

  it("waits for what comes back, and says what it waits for", async () => {
    const { open, tried } = door(2);
    expect(await patiently({ seconds: 60, log }, open)).toBe("open");
    expect(tried.times).toBe(3);
    expect(lines[0]).toEqual([{ reason: "The database is away." }, "the start waits for what it needs"]);
  });

  it("ends with its time, and is none by default", async () => {
    const never = door(Number.POSITIVE_INFINITY);
    await expect(patiently({ seconds: 0.4, log }, never.open)).rejects.toThrow("away");
    expect(never.tried.times).toBeGreaterThan(1);
    const once = door(1);
    await expect(patiently({ seconds: 0, log }, once.open)).rejects.toThrow("away");
    expect(once.tried.times).toBe(1);
  });

  it("is for what may pass: a wrong setting is told at once", async () => {
    const wrong = door(5, () => new StartupError("The password is wrong."));
    await expect(patiently({ seconds: 60, log }, wrong.open)).rejects.toThrow("wrong");
    expect(wrong.tried.times).toBe(1);
  });

  it("ends when the program is told to stop", async () => {
    const stop = new AbortController();
    const never = door(Number.POSITIVE_INFINITY);
    const opening = patiently({ seconds: 600, log, signal: stop.signal }, never.open);
    stop.abort();
    await expect(opening).rejects.toThrow("away");
  });
});
