import { newSealKeyPair, unsealBytes, type WorkerCommand } from "@flotilla/contracts";
import { consumeWorkerCommands, takeParcel } from "@flotilla/queue";
import { waitFor } from "@flotilla/testkit";
import { expect, onTestFinished, test } from "vitest";
import type { WizardStep } from "../src/login/wizard-state.ts";
import { WizardStore } from "../src/login/wizard-store.ts";
import { type Fleet, meet, startFleet } from "./chat.ts";
import { ANN, HOST, WORKER } from "./support.ts";

const LOGIN = "login-00000001";
const ASK: WizardStep = { kind: "ask-session", known: null, note: null };

/** Ann is asked for a session; what she sends is sealed to `keys`. */
async function asked(step: WizardStep = ASK) {
  const fleet = await startFleet();
  await meet(fleet, 777, "Ann");
  await fleet.poll();
  // Her /start is done by then: at a step of the login it would be taken for an answer.
  await fleet.waitForBot(777, "Fleet");
  fleet.parts.workers.add(WORKER, HOST, "777", 1);
  const keys = newSealKeyPair();
  const wizards = new WizardStore(fleet.db);
  const expiresAt = Date.now() + 600_000;
  wizards.save({
    admin: ANN,
    worker: WORKER,
    login: LOGIN,
    publicKey: keys.publicKey,
    step,
    expiresAt,
  });
  const kind = (): WizardStep["kind"] | undefined => wizards.ofAdmin(ANN)?.step.kind;
  return { fleet, keys, wizards, kind };
}

const send = (fleet: Fleet, name: string, bytes: Buffer, user = 777) =>
  fleet.post("/chat/file", { user, name, base64: bytes.toString("base64") });

const fromUser = async (fleet: Fleet): Promise<number> =>
  (await fleet.shown(777)).filter(({ from, text }) => from === "user" && text !== "/start").length;

test("a file goes sealed to the worker and out of the chat; the job has nothing of it", async () => {
  const { fleet, keys, kind } = await asked();
  const commands: WorkerCommand[] = [];
  const handle = async (command: WorkerCommand): Promise<void> => void commands.push(command);
  const consumer = await consumeWorkerCommands(WORKER, {
    place: fleet.place,
    handle,
    onError: () => {},
  });
  onTestFinished(() => consumer.close());
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 31) % 251));
  await send(fleet, "ann.session", bytes);
  const command = await waitFor(() => commands[0], { what: "the command" });
  expect(Object.keys(command).toSorted()).toEqual([
    "askedAt",
    "askedBy",
    "deadlineAt",
    "id",
    "kind",
    "loginId",
    "sent",
    "v",
    "worker",
  ]);
  expect(command).toMatchObject({ kind: "login.session", loginId: LOGIN });
  const parcel = await takeParcel(fleet.place, LOGIN);
  expect(parcel?.includes(bytes.subarray(0, 64))).toBe(false);
  expect(unsealBytes(keys.privateKey, LOGIN, parcel ?? Buffer.alloc(0)).equals(bytes)).toBe(true);
  expect(kind()).toBe("reading-session");
  expect(await fromUser(fleet)).toBe(0);
});

test("a file that is too large is deleted, never fetched, and the step stays", async () => {
  const { fleet, kind } = await asked();
  await send(fleet, "big.session", Buffer.alloc(20 * 1024 * 1024 + 1));
  await fleet.waitForBot(777, /larger than 20 MB/);
  expect(kind()).toBe("ask-session");
  expect(await fromUser(fleet)).toBe(0);
  expect((await fleet.calls()).map(({ method }) => method)).not.toContain("getFile");
});

test("a file that cannot be fetched is deleted all the same, and asked for again", async () => {
  const { fleet, kind } = await asked();
  await fleet.post("/faults/bot", {
    method: "getFile",
    times: 1,
    error: { code: 400, description: "Bad Request: wrong file_id" },
  });
  await send(fleet, "ann.session", Buffer.from("x"));
  await fleet.waitForBot(777, /could not be downloaded from Telegram/);
  expect(kind()).toBe("ask-session");
  expect(await fromUser(fleet)).toBe(0);
});

test(
  "in a step that asks for something else, and with no login at all, a session file is " +
    "deleted and not used",
  async () => {
    const { fleet, wizards, kind } = await asked({ kind: "ask-password", hint: null, note: null });
    await send(fleet, "ann.session", Buffer.from("x"));
    await waitFor(async () => (await fromUser(fleet)) === 0, { what: "the message to go" });
    expect(kind()).toBe("ask-password");
    wizards.remove(ANN);
    await send(fleet, "ann.session", Buffer.from("x"));
    await fleet.waitForBot(777, /I deleted that session file/);
    await send(fleet, "holiday.jpg", Buffer.from("x"));
    expect((await fleet.calls()).map(({ method }) => method)).not.toContain("getFile");
  },
);

test("a message that cannot be deleted is told about", async () => {
  const { fleet } = await asked();
  const error = { code: 400, description: "Bad Request: message can't be deleted" };
  await fleet.post("/faults/bot", { method: "deleteMessage", times: 1, error });
  await send(fleet, "ann.session", Buffer.from("x"));
  await fleet.waitForBot(777, /could not delete the message/);
});
