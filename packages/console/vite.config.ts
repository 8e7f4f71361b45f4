import { lingui, linguiTransformerBabelPreset } from "@lingui/vite-plugin";
import babel from "@rolldown/plugin-babel";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compressed } from "./build/compressed.ts";
import { preloaded } from "./build/preloaded.ts";

/** The server to develop against: `npx tillkeeper sandbox` listens here. */
const server = process.env["TILLKEEPER_URL"] ?? "http://127.0.0.1:8080";

const cwd = import.meta.dirname;

// It says on each build that there is a native transform.
process.env["LINGUI_SUPPRESS_BABEL_WARNING"] = "1";

/** Screens of the whole account; those of a store and the frame of both are the others. */
const operations = /routes\/(?:fleet|terminal|operation-list|people|person|api-clients?|webhooks?|audit)\//;
const store = /routes\/(?:account|stores?|today|reports?|terminals|details)\//;

/**
 * Few files, each of what is needed together: the ground, what screens are made of, and the screens of each side.
 *
 * The macros of Lingui go through Babel: npm leaves Lingui's native transform out where it runs on a Node before 22.19, and `npm ci` may run on
 * Node 20.
 */
export default defineConfig({
  root: cwd,
  plugins: [
    react(),
    lingui({ cwd, failOnMissing: true }),
    babel({ presets: [linguiTransformerBabelPreset({}, { cwd })] }),
    preloaded("rolldown-runtime", "react", "ground", "store"),
    compressed(),
  ],
  build: {
    target: "es2024",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      // The schemas of the contract: the console reads the lists beside them only.
      treeshake: { manualPureFunctions: ["Type"] },
      output: {
        codeSplitting: {
          groups: [
            { name: "first", tags: ["$initial"], priority: 6 },
            {
              name: "react",
              test: /node_modules\/(?:react|react-dom|scheduler)\/|console\/src\/react\.ts/,
              priority: 5,
            },
            { name: "ground", test: /src\/main\.tsx/, priority: 4 },
            { name: "store", test: store, priority: 3 },
            { name: "operations", test: operations, priority: 2 },
          ],
        },
      },
    },
  },
  server: { proxy: { "/v1": server, "/docs": server } },
});
