import { defineConfig } from "@lingui/cli";
import { formatter } from "@lingui/format-po";

export default defineConfig({
  sourceLocale: "en",
  locales: ["en", "nb", "sv", "da"],
  catalogs: [{ path: "<rootDir>/src/words/{locale}", include: ["<rootDir>/src"] }],
  // The same words in another order of files make no difference between commits.
  format: formatter({ origins: false }),
  orderBy: "message",
});
