import { withoutTrailingSlashes } from "@tillkeeper/contract/urls";
import type { Kind } from "./kinds.ts";

/** A folder (`path` when it is not in the data folder), or a bucket. */
export type FilesPlace =
  | { kind: "folder"; path: string | undefined }
  | { kind: "s3"; bucket: string; prefix: string; endpoint: string | undefined; region: string | undefined };

const bucketForm = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./-]{0,200}))?$/;

/** Parses where files are kept. The bucket's endpoint and region are settings of their own. */
export const filesPlace = (): Kind<FilesPlace> => ({
  byDefault: "folder",
  read(given = "folder", fault) {
    const [isBucket, bucket = "", path = ""] = bucketForm.exec(given) ?? [];
    if (isBucket !== undefined) {
      const prefix = `${withoutTrailingSlashes(path)}/`.replace(/^\/+/, "");
      return { kind: "s3", bucket, prefix, endpoint: undefined, region: undefined };
    }
    const isPath = given.startsWith("/");
    if (given !== "folder" && !isPath) {
      fault('must be "folder", the path of a folder from / on, or like s3://bucket/prefix.');
    }
    return { kind: "folder", path: isPath ? given : undefined };
  },
});
