import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rekey } from "@flotilla/session-store";

/** Re-encrypts a data folder, to be killed in the middle. Argument: the folder. */
const [dataDir = ""] = process.argv.slice(2);
writeFileSync(join(dataDir, "started"), "");
rekey({ dataDir, oldKey: Buffer.alloc(32, 7), newKey: Buffer.alloc(32, 9) });
