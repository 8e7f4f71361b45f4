import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The server to develop against: `npx tillkeeper sandbox` listens here. */
const server = process.env["TILLKEEPER_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react(), lingui({ macroTransform: true, failOnMissing: true })],
  build: { target: "es2024", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 1000 },
  server: { proxy: { "/v1": server, "/docs": server } },
});
