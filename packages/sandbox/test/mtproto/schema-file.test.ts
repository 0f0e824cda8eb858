import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testDir } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { readSchemaFile } from "../../src/mtproto/tl/schema-file.ts";

async function file(text: string): Promise<string> {
  const path = join(await testDir(), "schema");
  await writeFile(path, text);
  return path;
}

test("TL text as Telegram publishes it, with its layer", async () => {
  const path = await file(
    "inputPeerEmpty#7f3b18ea = InputPeer;\n---functions---\nhelp.getConfig#c4f9186b = " +
      "Config;\n\n// LAYER 158\n",
  );
  expect((await readSchemaFile(path)).layer).toBe(158);
});

test.each([
  ["no layer", "inputPeerEmpty#7f3b18ea = InputPeer;\n", "LAYER"],
  ["cut JSON", '{"l": 1', "JSON"],
])("%s is one sentence", async (_what, text, words) => {
  const path = await file(text);
  await expect(readSchemaFile(path)).rejects.toMatchObject({
    code: "bad-schema",
    message: expect.stringContaining(words) as string,
  });
});

test("a file that is not there is one sentence", async () => {
  await expect(readSchemaFile(join(await testDir(), "none"))).rejects.toMatchObject({
    code: "bad-schema",
  });
});
