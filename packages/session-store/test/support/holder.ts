import { openSession } from "@flotilla/session-store";

/** Holds a session like a worker until it is killed. Arguments: folder, name. */
const [dir = "", name = ""] = process.argv.slice(2);
const store = openSession({ dir, name, fleetKey: Buffer.alloc(32, 7) });
process.stdout.write(`open ${store.fingerprint() ?? "no key"}\n`);
// A handle that nothing refers to is collected, and its lock goes with it.
setInterval(() => void store.hasKey, 60_000);
