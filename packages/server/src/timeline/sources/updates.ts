import type { TimelineType } from "@tillkeeper/contract/timeline";
import { linkTo } from "../links.ts";
import { numberKey } from "../position.ts";
import type { Found, Source, Wanted } from "../source.ts";
import {
  type ActivationRow,
  type ConfigurationRow,
  readActivations,
  readConfigurations,
  readReleases,
} from "../sql/updates.ts";

/** Activations: when each began, and what came of it. */
export const activations: Source = async (wanted) =>
  (await readActivations(wanted)).flatMap((row) => [begun(wanted, row), ...over(wanted, row)]);

function common({ subject }: Wanted, row: ActivationRow) {
  return { key: row.id, link: linkTo.activations(subject.accountId, row.terminal_id), terminalId: row.terminal_id };
}

function begun(wanted: Wanted, row: ActivationRow): Found {
  return {
    ...common(wanted, row),
    source: "activation",
    at: row.created_at.getTime(),
    by: row.created_by,
    type: "activation_started",
    text: ({ who, terminal }) => `${who(row.created_by)} began to bring ${terminal(row.terminal_id)} into use.`,
  };
}

const outcomes = {
  SUCCEEDED: { type: "activation_succeeded", words: "is in use: the activation succeeded" },
  EXHAUSTED: { type: "activation_exhausted", words: "did not answer, and the activation gave up" },
} as const satisfies Record<string, { type: TimelineType; words: string }>;

function over(wanted: Wanted, row: ActivationRow): Found[] {
  if (row.status === "RUNNING") return [];
  const { type, words } = outcomes[row.status];
  const text: Found["text"] = ({ Terminal }) => `${Terminal(row.terminal_id)} ${words}.`;
  return [{ ...common(wanted, row), source: "activation_end", at: row.updated_at.getTime(), type, text }];
}

/** Configurations that were made. */
export const configurations: Source = async (wanted) =>
  (await readConfigurations(wanted, "configuration")).map((row) =>
    ofConfiguration(wanted, row, {
      source: "configuration",
      type: "configuration_made",
      at: row.created_at,
      by: row.created_by,
      verb: "made",
    }),
  );

/** Configurations that were withdrawn. */
export const withdrawnConfigurations: Source = async (wanted) =>
  (await readConfigurations(wanted, "configuration_end")).map((row) =>
    ofConfiguration(wanted, row, {
      source: "configuration_end",
      type: "configuration_withdrawn",
      at: row.withdrawn_at as Date,
      by: row.withdrawn_by,
      verb: "withdrew",
    }),
  );

function ofConfiguration(
  { subject }: Wanted,
  row: ConfigurationRow,
  { at, verb, ...rest }: Pick<Found, "source" | "type"> & { at: Date; by: string | null; verb: string },
): Found {
  const { version, device_model: model, store_ref: store } = row;
  const whom = `${model === null ? "all terminals" : `terminals of model ${model}`}${store === null ? "" : " in the store"}`;
  return {
    ...rest,
    at: at.getTime(),
    key: numberKey(version),
    text: ({ who }) => `${who(rest.by)} ${verb} configuration ${version} for ${whom}.`,
    link: linkTo.configuration(subject.accountId, version),
  };
}

/** Releases of the terminals' software. */
export const releases: Source = async (wanted) =>
  (await readReleases(wanted)).flatMap((row): Found[] => {
    const { id: key, device_model: model, version, available_at, status, updated_at, updated_by } = row;
    const release = { key, link: linkTo.release(wanted.subject.accountId, key) };
    const name = `version ${version} of the software for model ${model}`;
    const came: Found[] = available_at
      ? [
          {
            ...release,
            source: "release",
            at: available_at.getTime(),
            type: "release_available",
            text: () => `V${name.slice(1)} became available.`,
          },
        ]
      : [];
    if (status !== "withdrawn") return came;
    const text: Found["text"] = ({ who }) => `${who(updated_by)} withdrew ${name}.`;
    const at = updated_at.getTime();
    return [...came, { ...release, source: "release_end", at, by: updated_by, type: "release_withdrawn", text }];
  });
