/// <reference types="vitest/config" />
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * `npm run dev` answers from the small fake in tests/fake, unless DAYTWO_API names a running API.
 * The fake is loaded through Vite's own module runner, so it is TypeScript like everything else and never in a build.
 */
function fakeApi(): Plugin {
  return {
    name: "daytwo-fake-api",
    apply: "serve",
    async configureServer(server) {
      if (process.env["DAYTWO_API"] || process.env["VITEST"]) return;
      const { middleware } = (await server.ssrLoadModule(
        here("./tests/fake/middleware.ts"),
      )) as typeof import("./tests/fake/middleware");
      server.middlewares.use(middleware());
    },
  };
}

/** Every file that is worth it once more, packed: the API sends it as it is, instead of packing it for everybody who comes. */
function packed(): Plugin {
  return {
    name: "daytwo-packed",
    apply: "build",
    async writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle).filter((one) => /\.(js|css)$/.test(one))) {
        const path = join(dir ?? "", name);
        await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
      }
    },
  };
}

const api = process.env["DAYTWO_API"]?.replace(/\/$/, "");

export default defineConfig({
  plugins: [react(), fakeApi(), packed()],
  resolve: {
    alias: {
      // @rjsf/core names this package in a test helper only. It compiles code, which our policy forbids: keep it out.
      "@rjsf/validator-ajv8": here("./src/form/noAjv.ts"),
    },
  },
  server: {
    host: "127.0.0.1",
    // The API answers requests that change something only when they come from its own page.
    ...(api ? { proxy: { "/api": { target: api, headers: { origin: api } } } } : {}),
  },
  build: {
    outDir: here("../daytwo_forms/static"),
    emptyOutDir: true,
    assetsInlineLimit: 0, // no data: addresses, so the policy needs no exception for them
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  test: {
    environment: "happy-dom",
    environmentOptions: { happyDOM: { url: "http://127.0.0.1:4000/" } },
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    restoreMocks: true,
    testTimeout: 20_000, // a busy machine is not a failure
    css: false,
    server: { deps: { inline: [/@rjsf\//] } },
  },
});
