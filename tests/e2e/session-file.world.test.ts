import { readdirSync, readFileSync, rmSync } from "node:fs";
import { openIdle } from "@flotilla/session-store";
import { waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleet, type TestFleet } from "./support/fleet.ts";

/** The key of a worker without a process. */
function keyOf(fleet: TestFleet, name: string): Buffer {
  const fleetKey = Buffer.from(readFileSync(`${fleet.dataDir}/fleet.key`, "utf8").trim(), "hex");
  using store = openIdle({ dir: `${fleet.dataDir}/sessions`, name, fleetKey });
  return Buffer.from(store.authKey() ?? "");
}

/** A GramJS string: "1" and base64 of data centre, address, port and key. */
function stringOf(key: Buffer): string {
  const address = Buffer.from("149.154.167.51");
  const head = Buffer.from([2, 0, address.length]);
  const port = Buffer.from([0x01, 0xbb]);
  return `1${Buffer.concat([head, address, port, key]).toString("base64")}`;
}

/** Every file below a folder except sessions, their copies and the sandbox's records. */
function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/(sessions|vault|telegram)/.test(entry.parentPath))
    .map((entry) => `${entry.parentPath}/${entry.name}`);
}

test(
  "a session sent in the chat is deleted at once, never stored in the clear, refused with a " +
    "reason or used after a yes",
  async () => {
    const fleet = await startFleet();
    const chat = new AdminChat(fleet);
    await chat.start();
    await chat.press("Workers");
    await chat.press("demo_1");
    await chat.shows(/Status: healthy/);
    await chat.press("Stop");
    await chat.shows(/Status: stopped/);
    const key = keyOf(fleet, "demo_1");
    const copy = readFileSync(`${fleet.dataDir}/sessions/demo_1.session`).toString("base64");
    const send = (name: string, base64: string): Promise<unknown> =>
      fleet.post("chat/file", { name, base64 });
    const fromUser = async (): Promise<string[]> =>
      (await chat.messages())
        .filter((message) => message.from === "user")
        .map((message) => message.text);
    await chat.say("/menu");
    await chat.press("Add");
    await chat.shows(/Send a name, such as/);
    await chat.say("nora");
    await chat.shows(/nora[\s\S]*Status: needs login/);
    await chat.press("Authenticate");
    await chat.press("I have a session file");
    await chat.shows(/Send the session: a \.session file/);
    await send("notes.txt", Buffer.from("not a session at all").toString("base64"));
    await chat.shows(/I do not recognise this as a session/);
    await send("demo_1.session", copy);
    await chat.shows(/already belongs to the worker demo_1/);
    await chat.say(stringOf(key));
    await chat.shows(/already belongs to the worker demo_1/);
    await chat.press("Cancel");
    // Its worker leaves the fleet, and its file the folder.
    await chat.say("/status demo_1");
    await chat.shows(/demo_1\.session[\s\S]*Status: stopped/);
    await chat.press("More");
    await chat.press("Delete");
    await chat.shows(/demo_1[\s\S]*name/);
    await chat.say("demo_1");
    await chat.shows(/The worker demo_1 no longer exists/);
    for (const end of [".session", ".identity"]) rmSync(`${fleet.dataDir}/sessions/demo_1${end}`);
    await chat.say("/login nora");
    await chat.press("I have a session file");
    await send("demo_1.session", copy);
    await chat.shows(/Found a session file of Flotilla[\s\S]*The old program must stop for good/);
    await chat.press("The old program is stopped for good");
    await chat.shows(/The session is now nora's/);
    await chat.say("/status nora");
    await chat.shows(/nora[\s\S]*Account: Nora News[\s\S]*Status: healthy/);
    const copies = (): string[] => readdirSync(`${fleet.dataDir}/vault/nora`);
    await waitFor(() => copies().includes("golden.session"), {
      what: "the copy of a confirmed session",
    });
    const left = await fromUser();
    expect(
      left.filter((text) => text === "" || text.length > 100),
      "the sent session is stored nowhere",
    ).toEqual([]);
    const secrets = [key, Buffer.from(stringOf(key)), Buffer.from(key.toString("base64"))];
    const leaks = filesBelow(fleet.dataDir).filter((path) =>
      secrets.some((secret) => readFileSync(path).includes(secret)),
    );
    expect(leaks, "no log, no queue, no database").toEqual([]);
  },
);
