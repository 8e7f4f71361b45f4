import { languages } from "@tillkeeper/words/languages";
import { describe, expect, it } from "vitest";
import type { OpenTerminal, UnclosedDay } from "../closings/standing/unclosed.ts";
import { mailLinks } from "./links.ts";
import { composeMail, dayPage } from "./message.ts";

const plan = {
  accountId: "T12345678",
  storeRef: "T12345678-0001",
  storeId: "S1",
  status: "ACTIVE",
  rules: { timeZone: "Europe/Oslo", startsAt: "05:00" },
  guess: undefined,
  enabled: true,
  time: "23:30",
  retryUntil: "05:00",
  spread_minutes: 0,
  exceptions: [],
} as const;
const failed: OpenTerminal = { terminalId: "T1", state: "failed", reason: "unreachable", step: "switch_on" };
const unknown: OpenTerminal = { terminalId: "T2", state: "unknown", reason: "unknown_end", step: "check_the_close" };
const telling = (
  open: OpenTerminal[],
  more: Partial<UnclosedDay> = {},
  language: (typeof languages)[number] = "en",
) => ({
  language,
  store: { storeId: "S1", name: "Kiosk", country: undefined, mailTo: [] },
  day: "2026-11-27",
  stands: { plan: { ...plan, exceptions: [] }, terminals: 4, open, asked: true, ...more },
});
const links = { day: "https://till.example/day", end: "https://till.example/day/end" };
const firstLines = (open: OpenTerminal[], more?: Partial<UnclosedDay>) =>
  composeMail(telling(open, more), links).text.split("\n\n")[0]?.split("\n");
const consequence = "What was sold there stays in the terminal until it is closed, and the money comes later.";

describe("a mail about a day", () => {
  it("says of how many terminals it is so, and of how many nobody knows", () => {
    const on = "for Friday, 27 November 2026.";
    expect(firstLines([failed])).toEqual([`Kiosk (S1): 1 of 4 terminals is not closed ${on}`, consequence]);
    expect(firstLines([unknown, { ...unknown, terminalId: "T3" }])).toEqual([
      `Kiosk (S1): nobody knows whether 2 of 4 terminals are closed ${on}`,
      consequence,
    ]);
    expect(firstLines([failed, unknown])).toEqual([
      `Kiosk (S1): 1 of 4 terminals is not closed ${on}`,
      `Kiosk (S1): nobody knows whether 1 of 4 terminals is closed ${on}`,
      consequence,
    ]);
    expect(firstLines([failed], { terminals: 1, asked: false })).toEqual([
      `Kiosk (S1): the terminal is not closed ${on}`,
      "Nobody has asked to close this day.",
      consequence,
    ]);
  });

  it("says in every language what to do, in words for somebody in a store", () => {
    for (const language of languages) {
      const { subject, text, html } = composeMail(telling([failed, unknown], {}, language), links);
      expect([subject.includes("Kiosk"), html.includes(`<html lang="${language}">`)]).toEqual([true, true]);
      for (const part of [text, html]) {
        for (const said of ["T1", "T2", links.day, links.end]) expect(part).toContain(said);
        expect(part).not.toMatch(/`|undefined|POST|COMPLETED/);
      }
    }
  });

  it("has a page that says when everything is closed", () => {
    const page = dayPage(telling([]), links);
    expect(page).toContain("Kiosk (S1): everything is closed for Friday, 27 November 2026. There is nothing to do.");
    expect(page).not.toContain("stays in the terminal");
  });
});

it("a link names one message, and only a server with the key makes it", () => {
  const id = "0197c2a4-7d1e-7c3b-8f40-6f0a6b1f2c11";
  const [ours, others] = [mailLinks(Buffer.alloc(32, 1)), mailLinks(Buffer.alloc(32, 2))];
  expect(ours.tokenOf(id)).toMatch(/^[\w-]{43}$/);
  expect(ours.read(ours.tokenOf(id))).toBe(id);
  expect(ours.read(others.tokenOf(id))).toBeUndefined();
  for (const wrong of ["", "A".repeat(43), `${ours.tokenOf(id)}A`]) expect(ours.read(wrong)).toBeUndefined();
});
