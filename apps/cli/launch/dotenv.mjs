import { readFileSync } from "node:fs";
import path from "node:path";
import { LaunchError } from "./say.mjs";

/**
 * Whether a Redis is named in the environment or in `.env`. The launcher reads nothing else there.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {boolean}
 * @throws {LaunchError} when `.env` is there and cannot be read
 */
export function hasOwnRedis(root, env) {
  const text = readDotenv(path.join(root, ".env"));
  return (
    Boolean(env.REDIS_URL || env.REDIS_SENTINELS || env.REDIS_CLUSTER) ||
    /^[ \t]*(?:export[ \t]+)?REDIS_(?:URL|SENTINELS|CLUSTER)[ \t]*=[ \t]*(?!["'][ \t]*["']|#)\S/m.test(
      text,
    )
  );
}

/**
 * @param {string} file
 * @returns {string}
 */
function readDotenv(file) {
  try {
    // Editors on Windows begin a text file with a byte order mark, which would stand before the
    // first name.
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT") return "";
    if (code === "EISDIR")
      throw new LaunchError(
        ".env is a folder. Remove it, and copy .env.example to .env if you want settings.",
      );
    throw new LaunchError(
      `.env cannot be read (${code}). Make it readable for this user: chmod u+r .env`,
    );
  }
}
