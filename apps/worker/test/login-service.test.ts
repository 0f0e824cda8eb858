/** Logins of a worker, step by step, against the sandbox. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import {
  type LoginStep,
  newSealKeyPair,
  seal,
  sealBytes,
  unseal,
  type WorkerCommand,
} from "@flotilla/contracts";
import { parseWorkerId, systemClock } from "@flotilla/kernel";
import { type Sandbox, startSandbox } from "@flotilla/sandbox";
import { exportSession, openSession, type SessionStore, Vault } from "@flotilla/session-store";
import { FloodGate, LoginFlow } from "@flotilla/telegram";
import { testDir, waitFor } from "@flotilla/testkit";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Account, type AccountReport } from "../src/account/account.ts";
import { LoginService } from "../src/login/login-service.ts";
import { ForeignSession } from "../src/session/foreign-session.ts";

const WORKER = parseWorkerId("w1");
const LOGIN = "login-1";

let sandbox: Sandbox;
let numbers = 0;
beforeAll(async () => {
  sandbox = await startSandbox({ botToken: "1:x", admin: { id: 1, firstName: "Admin" } });
});
afterAll(() => sandbox.close());

type LoginCommand = Extract<WorkerCommand, { loginId: string }>;
/** A command without what all commands have. */
type Asked<C extends LoginCommand = LoginCommand> = C extends LoginCommand
  ? Omit<C, "v" | "id" | "worker" | "loginId" | "askedBy" | "askedAt" | "deadlineAt">
  : never;

function connectionOptions() {
  const { host, port, publicKeyPem } = sandbox.mtproto;
  return {
    server: { kind: "custom", host, port, publicKeyPem },
    api: { id: 12345, hash: "0".repeat(32) },
    identity: {
      deviceModel: "Flotilla w1",
      systemVersion: "1",
      appVersion: "0.1.0",
      langCode: "en",
    },
    log: () => {},
  } as const;
}

function person(more: { readonly password?: string } = {}): string {
  const phone = `1555666${(++numbers).toString().padStart(4, "0")}`;
  sandbox.world.createAccount({ phone, firstName: "Ann", ...more });
  return phone;
}

const codeOf = (phone: string): string => sandbox.world.latestCode(phone)?.code ?? "";

/** The session of another program, as a string that admins send. */
async function foreignString(phone: string): Promise<Buffer> {
  using store = openSession({ dir: await testDir(), name: "old", fleetKey: randomBytes(32) });
  const login = new LoginFlow({ ...connectionOptions(), store });
  await login.sendCode(phone);
  expect(await login.submitCode(codeOf(phone))).toMatchObject({ kind: "done" });
  const { port } = sandbox.mtproto;
  return Buffer.from(exportSession(store, "telethon", { address: "127.0.0.1", port }));
}

async function rig() {
  const dataDir = await testDir();
  const dir = join(dataDir, "sessions");
  const fleetKey = randomBytes(32);
  const store: SessionStore = openSession({ dir, name: WORKER, fleetKey });
  onTestFinished(() => store.close());
  const options = connectionOptions();
  const gate = new FloodGate({ table: store.flood, clock: systemClock, onChange: () => {} });
  const reports: AccountReport[] = [];
  const account = new Account(store, { ...options, gate }, (report) => reports.push(report), {
    wants: () => false,
    sources: () => new Set(),
    arrived: () => {},
    ready: () => {},
    proxy: () => ({ shown: null, own: false, sealTo: "" }),
    lost: () => {},
  });
  onTestFinished(() => account.stop());
  const parcel: { sealed: Buffer | null } = { sealed: null };
  const fleet: { asked: () => Promise<string | null> } = { asked: async () => null };
  const steps: LoginStep[] = [];
  const keyChanges: (string | null)[] = [];
  const logins = new LoginService({
    store,
    vault: new Vault({ dataDir, fleetKey }),
    account,
    options,
    clock: systemClock,
    foreign: new ForeignSession({
      store,
      dir,
      fleetKey,
      server: "custom",
      apiId: options.api.id,
      take: async () => parcel.sealed,
      ownerElsewhere: () => fleet.asked(),
    }),
    keyChanged: () => void keyChanges.push(store.fingerprint()),
    progress: (_, step) => void steps.push(step),
  });
  onTestFinished(() => logins.close());
  const ask = async (asked: Asked, loginId = LOGIN): Promise<LoginStep | null> => {
    const outcome = await logins.perform({
      v: 1,
      id: `command-${steps.length}`,
      worker: WORKER,
      loginId,
      askedBy: { id: "1", name: "ann" },
      askedAt: 0,
      deadlineAt: Number.MAX_SAFE_INTEGER,
      ...asked,
    } as LoginCommand);
    return outcome.kind === "login" ? outcome.step : null;
  };
  const begin = async (): Promise<string> => {
    const began = await ask({ kind: "login.begin" });
    expect(began).toMatchObject({ kind: "began" });
    return began?.kind === "began" ? began.publicKey : "";
  };
  const state = (): string | undefined => reports.at(-1)?.state;
  return { store, logins, ask, begin, steps, keyChanges, parcel, fleet, state };
}

const REFUSED = (reason: string) => ({ kind: "refused", reason }) as const;

test("a login by code puts its key into the session, and the account is online again", async () => {
  const phone = person();
  const { store, ask, begin, keyChanges, state } = await rig();
  const key = await begin();
  expect(state()).toBe("LOGGING_IN");
  const typed = (text: string) => seal(key, LOGIN, text);
  expect(await ask({ kind: "login.phone", sealed: typed(phone) })).toMatchObject({
    kind: "code-sent",
  });
  expect(await ask({ kind: "login.code", sealed: typed(codeOf(phone)) })).toMatchObject({
    kind: "done",
  });
  expect(keyChanges).toEqual([store.fingerprint()]);
  await waitFor(() => state() === "RUNNING");
  expect(await ask({ kind: "login.code", sealed: typed("12345") })).toMatchObject({
    ...REFUSED("no-login"),
    final: true,
  });
});

test("steps of a login that is not open are refused, and its cancel ends no other", async () => {
  const phone = person();
  const { ask, begin } = await rig();
  const key = await begin();
  expect(await ask({ kind: "login.resend" }, "login-2")).toMatchObject(REFUSED("no-login"));
  expect(await ask({ kind: "login.cancel" }, "login-2")).toEqual({ kind: "cancelled" });
  const sealed = seal(key, LOGIN, phone);
  expect(await ask({ kind: "login.phone", sealed })).toMatchObject({ kind: "code-sent" });
});

test("a phone that is typed while QR codes are shown ends them", async () => {
  const phone = person();
  const { ask, begin, steps } = await rig();
  const key = await begin();
  const shown = newSealKeyPair();
  await ask({ kind: "login.qr", publicKey: shown.publicKey });
  await waitFor(() => steps.length > 0, { what: "a QR code" });
  const [first] = steps;
  expect(first?.kind === "qr" && unseal(shown.privateKey, LOGIN, first.sealed)).toMatch(
    /^tg:\/\/login\?token=/,
  );
  const before = steps.length;
  const typed = (text: string) => seal(key, LOGIN, text);
  await ask({ kind: "login.phone", sealed: typed(phone) });
  expect(await ask({ kind: "login.code", sealed: typed(codeOf(phone)) })).toMatchObject({
    kind: "done",
  });
  expect(steps.slice(before)).toEqual([]);
});

test("after a scan the password belongs to the login by QR code", async () => {
  const phone = person({ password: "correct horse" });
  const { ask, begin, steps } = await rig();
  const key = await begin();
  const shown = newSealKeyPair();
  await ask({ kind: "login.qr", publicKey: shown.publicKey });
  const first = await waitFor(() => steps[0]);
  const url = first.kind === "qr" ? unseal(shown.privateKey, LOGIN, first.sealed) : "";
  sandbox.world.acceptQrLogin(phone, url.slice("tg://login?token=".length));
  await waitFor(() => steps.some((step) => step.kind === "password-needed"));
  const sealed = seal(key, LOGIN, "correct horse");
  expect(await ask({ kind: "login.password", sealed })).toMatchObject({ kind: "done" });
});

async function withFoundSession() {
  const made = await rig();
  const { ask, begin, parcel } = made;
  const phone = person();
  const bytes = await foreignString(phone);
  const key = await begin();
  parcel.sealed = sealBytes(key, LOGIN, bytes);
  expect(await ask({ kind: "login.session" })).toMatchObject({ kind: "session-found" });
  return { ...made, key };
}

test("a session that was sent is taken over after a yes", async () => {
  const { ask, store, keyChanges, state } = await withFoundSession();
  expect(store.hasKey).toBe(false);
  expect(await ask({ kind: "login.adopt" })).toMatchObject({ kind: "session-taken" });
  expect(keyChanges).toEqual([store.fingerprint()]);
  await waitFor(() => state() === "RUNNING");
});

test("a yes to a session counts no more when another method was chosen since", async () => {
  const { ask, store, key } = await withFoundSession();
  await ask({ kind: "login.phone", sealed: seal(key, LOGIN, person()) });
  expect(await ask({ kind: "login.adopt" })).toMatchObject({
    ...REFUSED("wrong-step"),
    final: false,
  });
  expect(store.hasKey).toBe(false);
});

test("a login that ends while the fleet is asked about a session takes no session over", async () => {
  const { ask, store, logins, fleet, keyChanges } = await withFoundSession();
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<null>();
  fleet.asked = () => {
    asked.resolve();
    return answer.promise;
  };
  const step = ask({ kind: "login.adopt" });
  await asked.promise;
  await logins.close();
  answer.resolve(null);
  expect(await step).toMatchObject(REFUSED("no-login"));
  expect([store.hasKey, keyChanges]).toEqual([false, []]);
});
