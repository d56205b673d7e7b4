// Modules of the page that need no browser, as they are built.

import { fileURLToPath } from "node:url";

import { createServer } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Loads them by their paths below the root, in that order. */
export async function modules(...paths) {
  const server = await createServer({
    root: ROOT,
    logLevel: "error",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    return await Promise.all(paths.map((path) => server.ssrLoadModule(path)));
  } finally {
    await server.close();
  }
}
