import { ApiError } from "../platform/errors.ts";

/**
 * The answer when a row has a file that the store does not have: `service_unavailable`, and a line in the log. The file
 * may be there for another server, and come back with the disk or the bucket; that it never was there would be untrue.
 */
export function missingFile(name: string): ApiError {
  return new ApiError("service_unavailable", "The file cannot be reached now; try again.", {
    retryAfterSeconds: 30,
    cause: new Error(`the file ${name} is not in the place of files of this server`),
  });
}
