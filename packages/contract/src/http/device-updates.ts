import { type Static, Type } from "typebox";
import { Uuid } from "../scalars.ts";
import { Identifier } from "../texts.ts";
import { ConfigurationVersion } from "./configurations.ts";
import { KeyId, Sha256, Signature, Version } from "./releases.ts";

/** What a terminal runs and has now: the query of its request for a manifest. */
export const UpdateQuery = Type.Object(
  {
    software_version: Identifier({
      minLength: 1,
      maxLength: 64,
      description: "What it runs now.",
      examples: ["4.1.2"],
    }),
    configuration_version: Type.Optional(
      Identifier({
        minLength: 1,
        maxLength: 64,
        description: "The configuration that it has; left out for none.",
        examples: ["3"],
      }),
    ),
  },
  { additionalProperties: false },
);
export type UpdateQuery = Static<typeof UpdateQuery>;

export const OfferedRelease = Type.Object({
  release_id: Uuid,
  version: Version,
  size: Type.Integer({ minimum: 1, description: "Bytes." }),
  sha256: Sha256,
  signature: Signature,
  key_id: KeyId,
  notes: Type.Optional(Type.String()),
  url: Type.String({ maxLength: 2_000, description: "Where the file is; the token of this request opens it." }),
});
export type OfferedRelease = Static<typeof OfferedRelease>;

/** The release and the configuration that one terminal should have at this moment. */
export const UpdateManifest = Type.Object({
  device_model: Type.Union([Type.String(), Type.Null()], { description: "As the server knows the terminal." }),
  latest: Type.Union([OfferedRelease, Type.Null()], {
    description: "The newest release for its model; null where there is none, or only older ones than what it runs.",
  }),
  update_available: Type.Boolean({ description: "`latest` is newer than what it runs." }),
  configuration: Type.Union(
    [
      Type.Object({
        version: ConfigurationVersion,
        content: Type.Object({}, { additionalProperties: true }),
        up_to_date: Type.Boolean(),
      }),
      Type.Null(),
    ],
    { description: "The configuration that it should have; null where there is none for it." },
  ),
});
export type UpdateManifest = Static<typeof UpdateManifest>;
