import { fileURLToPath } from "node:url";

import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const gateway = process.env["DEXTER_URL"] ?? "http://127.0.0.1:8000";
const gatewayPaths = ["/api", "/health", "/ready", "/events", "/docs", "/openapi.json"];

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      "@tests": fileURLToPath(new URL("./tests", import.meta.url)),
      "@": fileURLToPath(new URL("./src", import.meta.url)),
    },
  },
  build: {
    // The Python package carries the built workbench, so the wheel works without Node.
    outDir: "../src/dexter/workbench",
    emptyOutDir: true,
    target: "es2022",
    // The gateway's content policy allows no data: scripts or styles; every asset is a file of its own.
    assetsInlineLimit: 0,
    sourcemap: false,
    rolldownOptions: {
      output: {
        // What changes with every version of ours stands apart from what changes with theirs: an update fetches little anew.
        codeSplitting: {
          groups: [
            { name: "framework", test: /node_modules[\\/](react|react-dom|scheduler|@tanstack)[\\/]/ },
            { name: "mantine", test: /node_modules[\\/](@mantine|@floating-ui|react-remove-scroll|react-number-format|clsx)[\\/]/ },
            { name: "canvas", test: /node_modules[\\/]zrender[\\/]/ },
          ],
        },
      },
    },
  },
  server: {
    proxy: Object.fromEntries(gatewayPaths.map((path) => [path, { target: gateway, ws: path === "/events" }])),
  },
  test: {
    restoreMocks: true,
    css: false,
    projects: [
      // core/ is pure, so its tests need no browser to stand in for.
      { extends: true, test: { name: "core", environment: "node", include: ["src/core/**/*.test.ts"] } },
      {
        extends: true,
        test: {
          name: "browser",
          environment: "jsdom",
          testTimeout: 30_000,
          setupFiles: ["./tests/setup.ts"],
          include: ["src/{api,live,queries,ui,screens,app}/**/*.test.{ts,tsx}"],
        },
      },
    ],
  },
});
