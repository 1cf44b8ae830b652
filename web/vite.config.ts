import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const here = fileURLToPath(new URL(".", import.meta.url));
const SOURCES = ["index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json", "src"];

/** One digest of all that the page is built from, in order of path. */
function digest(): string {
  const files: string[] = [];
  const walk = (path: string) => {
    try {
      for (const entry of readdirSync(path)) walk(join(path, entry));
    } catch {
      files.push(path);
    }
  };
  SOURCES.forEach((name) => walk(join(here, name)));
  const sum = createHash("sha256");
  const name = (file: string) => relative(here, file).replaceAll("\\", "/");
  files.map(name).sort().forEach((file) => {
    sum.update(`${file}\0`).update(readFileSync(join(here, file))).update("\0");
  });
  return sum.digest("hex");
}

/** Says in the built page which sources it comes from, so that a test can tell when it is stale. */
const stamp: Plugin = {
  name: "stamp",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "sources.json", source: `${JSON.stringify({ sha256: digest() })}\n` });
  },
};

export default defineConfig({
  base: "./",
  plugins: [stamp],
  worker: { format: "es" },
  build: { outDir: "../src/latticework/demo/static", emptyOutDir: true, target: "es2022", modulePreload: false },
  test: { include: ["tests/**/*.test.ts"] },
} as Parameters<typeof defineConfig>[0]);
