/** Child process of the lock tests: holds the lock named on its command line until it is killed. */
import { lockFile, openDatabase } from "@flotilla/sqlite";

const [kind = "", path = ""] = process.argv.slice(2);
const held =
  kind === "lock"
    ? lockFile(path)
    : openDatabase({ path, role: "session", migrations: [], exclusive: true });
process.send?.("held");
process.on("message", () => {
  held[Symbol.dispose]();
  process.disconnect();
});
