import { spawnSync } from "node:child_process";

const VERSION = ["-c", "import telethon; print(telethon.__version__)"];

/**
 * A Python that has the real Telethon (Debian: `apt-get install python3-telethon`), and which; null
 * when there is none.
 */
export const telethon = ["/usr/bin/python3", "python3"]
  .map((python) => ({ python, answer: spawnSync(python, VERSION, { encoding: "utf8" }) }))
  .filter(({ answer }) => answer.status === 0)
  .map(({ python, answer }) => ({ python, version: answer.stdout.trim() }))[0];
