/** The words of one language, as the build compiles them. */
declare module "*.po" {
  import type { Messages } from "@lingui/core";

  export const messages: Messages;
}
