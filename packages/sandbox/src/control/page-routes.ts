import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { Hono } from "hono";
import type { App } from "./context.ts";

const FOLDER = new URL("../page/", import.meta.url);
const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/**
 * The chat page at `/` and its files below `/page/`. Only files of the page folder are served, by
 * exact name.
 */
export function pageRoutes(): App {
  const app: App = new Hono();
  const names = new Set(readdirSync(FOLDER).filter((name) => extensionOf(name) in TYPES));
  app.get("/", () => serveFile("index.html"));
  app.get("/page/:name", (c) => {
    const name = c.req.param("name");
    return names.has(name) ? serveFile(name) : c.notFound();
  });
  app.get("/favicon.ico", () => new Response(null, { status: 204 }));
  return app;
}

async function serveFile(name: string): Promise<Response> {
  const body = await readFile(new URL(name, FOLDER));
  return new Response(body, {
    headers: { ...HEADERS, "content-type": TYPES[extensionOf(name)] ?? "application/octet-stream" },
  });
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
