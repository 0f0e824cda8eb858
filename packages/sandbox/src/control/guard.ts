import type { MiddlewareHandler } from "hono";

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])(:[0-9]{1,5})?$/i;

/**
 * Keeps other web sites out: a Host that is not loopback (DNS rebinding) and any request a foreign
 * page makes the browser send (Origin that is not ours, `Sec-Fetch-Site: cross-site`) get 403.
 */
export function loopbackOnly(): MiddlewareHandler {
  return async (c, next) => {
    const host = c.req.header("host") ?? "";
    if (!LOOPBACK.test(host))
      return c.json(refused("This server answers to 127.0.0.1 and localhost only."), 403);
    const origin = c.req.header("origin");
    const foreign = origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`;
    const crossSite =
      c.req.header("sec-fetch-site") === "cross-site" &&
      c.req.header("sec-fetch-mode") !== "navigate";
    if (foreign || crossSite)
      return c.json(refused("Requests from other web sites are refused."), 403);
    return next();
  };
}

function refused(message: string): Record<string, unknown> {
  return { error: { code: "forbidden", message } };
}
