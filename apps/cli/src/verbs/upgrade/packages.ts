import { missingPackages } from "@flotilla/config";
import { type Line, linesOf } from "./line.ts";

const { ok, note } = linesOf("packages");
const NAMED = 8;

/** The Node that runs, and packages that the code on disk needs and that are not installed. */
export function checkPackages(root: string): Line[] {
  const missing = missingPackages(root);
  // An older Node cannot run this program: the launcher has found one that can.
  const node = ok(`Node ${process.version} runs this version.`);
  if (missing === null) return [node, note("npm start would install the packages.")];
  if (missing.length === 0) return [node, ok("All packages of package-lock.json are installed.")];
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  const what = `npm start would install: ${missing.slice(0, NAMED).join(", ")}${more}.`;
  return [node, note(what, "It needs the npm registry. To do it before: npm ci")];
}
