import { type Static, type TSchema, Type } from "typebox";
import { MailStanding, MailTo } from "./mail-schemas.ts";
import { takesBack } from "./sent-back.ts";

const localTimePattern = "^([01]\\d|2[0-3]):[0-5]\\d$";
const LocalTime = Type.String({
  pattern: localTimePattern,
  description: "HH:MM in the store's time zone.",
  examples: ["23:30"],
});
/** The name of a time zone, as callers give it. */
export const TimeZone = Type.String({
  minLength: 1,
  maxLength: 64,
  description:
    "The name of an IANA time zone in today's spelling (`Europe/Kyiv`, `Asia/Kolkata`), in any case; no abbreviations.",
  examples: ["Europe/Oslo"],
});

/** Over how many minutes the closes of stores with one `time` are spread where a store says nothing else. */
export const usualSpreadMinutes = 5;
const SpreadMinutes = Type.Integer({
  minimum: 0,
  maximum: 120,
  description:
    "The store is closed within so many minutes after `time`, always at the same second, so that the stores of a chain do not come at " +
    `once. Default: ${usualSpreadMinutes}; 0 closes it at \`time\`.`,
});
const mostExceptions = 400;
const Exceptions = Type.Array(
  Type.Object(
    {
      date: Type.String({ format: "date", description: "The business day.", examples: ["2026-12-24"] }),
      closed: Type.Optional(Type.Literal(true, { description: "The store is shut: the day is not closed by itself." })),
      time: Type.Optional(
        Type.String({ pattern: localTimePattern, description: "Instead of the usual `time`.", examples: ["16:00"] }),
      ),
    },
    { additionalProperties: false },
  ),
  {
    maxItems: mostExceptions,
    description:
      "Business days that are closed at another time, or not at all: each with `closed` or `time`. Replaced as a whole.",
  },
);

/** What the autopilot of a store does next (D32). */
export const Autopilot = Type.Object(
  {
    next: Type.Optional(
      Type.Object({
        business_day: Type.String({ format: "date" }),
        at: Type.String({ format: "date-time", description: "When it begins to close that day." }),
        until: Type.String({ format: "date-time", description: "Until when it tries." }),
      }),
    ),
    off_because: Type.Optional(Type.String({ description: "Why no day is closed by itself, in words." })),
  },
  {
    description:
      "What the server does next by itself: `next`, or `off_because`. A change of it alone makes no `If-Match` fail.",
  },
);
export type Autopilot = Static<typeof Autopilot>;

/** When a business day begins where a store says nothing else (D30). */
export const usualBusinessDayStart = "05:00";

/** Where a store's time zone comes from (D30). */
const timeZoneSources = ["store", "account", "country", "default"] as const;

/** The configuration of a store (D7): always complete, with defaults filled in. */
export const StoreConfiguration = Type.Object({
  auto_end_of_day: Type.Object({
    enabled: Type.Boolean({ description: "Close every terminal once a day. Default: false on sandbox accounts." }),
    time: LocalTime,
    retry_until: Type.String({
      description:
        "HH:MM; if it is not after `time`, it is on the next day. Default: `business_day_starts_at`, and never after it: a day is " +
        "closed before the next one begins.",
      examples: ["05:00"],
    }),
    spread_minutes: SpreadMinutes,
    exceptions: Exceptions,
  }),
  business_day_starts_at: Type.String({
    description:
      `HH:MM in the store's time zone: when its business days begin. What is sold after midnight and before it belongs to the day ` +
      `before. Default: ${usualBusinessDayStart}.`,
    examples: [usualBusinessDayStart],
  }),
  time_zone: Type.String({ description: "IANA, in today's spelling.", examples: ["Europe/Oslo"] }),
  time_zone_source: Type.Enum(timeZoneSources, {
    description:
      "store: set here. country: that of the store's address. account: the default of its account, where the store has no address, " +
      "or its country several time zones. default: nothing is known.",
  }),
  time_zone_guess: Type.Optional(
    Type.String({
      description:
        "Shown while the time zone is a guess, because the store has no address, or its country several time zones: why, and what to " +
        "set. The automatic end of day cannot be enabled then, and one that is enabled by default stays off.",
    }),
  ),
  mail_to: MailTo,
  autopilot: Type.Optional(Autopilot),
  mail: Type.Optional(MailStanding),
});
export type StoreConfiguration = Static<typeof StoreConfiguration>;

const resettable = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]));

const StoreConfigurationInput = Type.Object(
  {
    auto_end_of_day: resettable(
      Type.Object(
        {
          enabled: resettable(Type.Boolean()),
          time: resettable(LocalTime),
          retry_until: resettable(LocalTime),
          spread_minutes: resettable(SpreadMinutes),
          exceptions: resettable(Exceptions),
        },
        { additionalProperties: false },
      ),
    ),
    business_day_starts_at: resettable(LocalTime),
    time_zone: resettable(TimeZone),
    mail_to: resettable(MailTo),
    time_zone_source: Type.Optional(
      Type.Unknown({
        description:
          "Shown in answers; sets nothing. If the shown `time_zone` comes back beside the shown source, the time zone is not set for " +
          "the store, and a guess stays a guess.",
      }),
    ),
  },
  { additionalProperties: false },
);
/** Merged into the configuration, at every depth: an absent field stays as it is, `null` restores the default. */
export const StoreConfigurationPatch = takesBack(StoreConfigurationInput, StoreConfiguration, {
  created: StoreConfigurationInput,
});
export type StoreConfigurationPatch = Static<typeof StoreConfigurationInput>;
