import type { TSchema } from "typebox";
import { describe, expect, it } from "vitest";
import type { Endpoint } from "./endpoint.ts";
import { endpoints } from "./endpoints.ts";
import { fieldsOf, readsResource } from "./resource.ts";

const rows = Object.values(endpoints).flatMap((noun): Endpoint[] => Object.values(noun));

/** What a page says of itself and of its neighbours. */
const ofPages = new Set(["starting_after", "ending_before", "around", "sums", "has_more", "last_event_id"]);

/** Whether all that an answer shows is a list. */
function isList(answer: TSchema | undefined): boolean {
  const { type, properties = {} } = answer as { type?: string; properties?: Record<string, { type?: string }> };
  const fields = Object.entries(properties).filter(([name]) => !ofPages.has(name));
  return type === "array" || (fields.length === 1 && fields.every(([, { type: of }]) => of === "array"));
}

describe("the rows of single resources", () => {
  it("are all that a GET with a token shows and that are no lists or files: RFC 9110 section 8.8.3", () => {
    const single = rows.filter(
      ({ method, scopes, binary, answers }) =>
        method === "GET" && scopes !== "public" && binary === undefined && !isList(answers[200]),
    );
    expect(single.length).toBeGreaterThan(10);
    // The clock is never twice in one state, a preview is of its instant, and controls of the sandbox end by themselves.
    const never = ["aid_stores_sid_closings_preview_get", "sandbox_clock_get", "sandbox_terminals_id_get"];
    expect(single.filter((row) => !readsResource(row)).map(({ id }) => id)).toEqual(never);
  });

  it("name the resource at each path below it that changes something, or shows nothing of it", () => {
    const paths = rows.filter(readsResource).map(({ path }) => path);
    const without = rows
      .filter(({ method, resource }) => method !== "GET" && !resource)
      .filter(({ path }) => paths.some((one) => `${path}/`.startsWith(`${one}/`)));
    expect(without.map(({ id }) => id)).toEqual([
      // It makes a link, and changes nothing of the user.
      "aid_users_id_links_post",
      // What the person has, which no account sees.
      "aid_users_id_totp_delete",
      // They send, and change neither the subscription nor an attempt that was made.
      "aid_source_hooks_hid_ping_post",
      "aid_hooks_hid_replay_post",
      "aid_hooks_hid_deliveries_id_replay_post",
      // It measures, and changes nothing.
      "terminal_probe_post",
      // A file, which comes once: 409 says that it is there.
      "aid_releases_rid_file_put",
      // Links, which no GET shows by themselves; they may be put and removed again and again.
      "payout_destinations_stores_put",
      "payout_destinations_stores_delete",
    ]);
  });

  it("leave only fields out of the state that their answer has", () => {
    for (const { id, resource } of rows) {
      const shown = resource ? fieldsOf(resource.schema) : [];
      expect(shown, id).toEqual(expect.arrayContaining([...(resource?.beside ?? [])]));
    }
  });
});
