import { lingui, linguiTransformerBabelPreset } from "@lingui/vite-plugin";
import babel from "@rolldown/plugin-babel";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The server to develop against: `npx tillkeeper sandbox` listens here. */
const server = process.env["TILLKEEPER_URL"] ?? "http://127.0.0.1:8080";

const cwd = import.meta.dirname;

// It says on each build that there is a native transform.
process.env["LINGUI_SUPPRESS_BABEL_WARNING"] = "1";

/**
 * The macros of Lingui go through Babel: npm leaves Lingui's native transform out where it runs on a Node before 22.19, and `npm ci` may run on
 * Node 20.
 */
export default defineConfig({
  root: cwd,
  plugins: [
    react(),
    lingui({ cwd, failOnMissing: true }),
    babel({ presets: [linguiTransformerBabelPreset({}, { cwd })] }),
  ],
  build: { target: "es2024", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1000 },
  server: { proxy: { "/v1": server, "/docs": server } },
});
