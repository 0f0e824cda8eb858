import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { askDoctor } from "../src/host/doctor.ts";

const CLI = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));

test("the doctor checks the data folder of this host and changes nothing in it", async () => {
  const dir = await testDir();
  const data = join(dir, "sandbox");
  mkdirSync(data);
  writeFileSync(join(data, "fleet.key"), "a".repeat(64));
  chmodSync(join(data, "fleet.key"), 0o644);
  const found = await askDoctor(CLI, { DATA_DIR: dir });
  expect(found).toMatchObject({ kind: "doctor" });
  const findings = found.kind === "doctor" ? found.findings : [];
  expect(findings.find(({ what }) => what.includes("fleet.key"))).toMatchObject({
    level: "problem",
    todo: expect.stringMatching(/chmod/),
  });
});

test("a doctor that does not answer is reported with the command to run by hand", async () => {
  const program = join(await testDir(), "mute.mjs");
  writeFileSync(program, "process.stdout.write('not json')");
  expect(await askDoctor(program, {})).toMatchObject({
    kind: "failed",
    code: "doctor-silent",
    message: expect.stringContaining("npm run flotilla -- doctor"),
  });
});
