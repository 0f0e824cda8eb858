/** A sandbox for a test file, with a person per test. */
import { type CodeVia, type Sandbox, startSandbox } from "@flotilla/sandbox";
import type { SessionStore } from "@flotilla/session-store";
import { LoginFlow, type LoginResult, type TelegramServer } from "@flotilla/telegram";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, vi } from "vitest";
import { account } from "./kit.ts";

/** Members of {@link useSandbox}; use them inside tests only. */
export interface TestWorld {
  sandbox: Sandbox;
  server: TelegramServer;
  /** Creates an account and returns its phone. */
  person(more?: {
    password?: string;
    passwordHint?: string;
    dc?: number;
    codeVia?: CodeVia;
  }): string;
  /** The latest login code of a phone. */
  code(phone: string): string;
  /** A login that is cancelled at the end of the test, unless it is done. */
  flow(store: SessionStore, lines?: string[]): LoginFlow;
  /** A whole login without 2FA. */
  logIn(store: SessionStore, phone: string): Promise<LoginResult>;
  /** Number of open connections of an account. */
  open(phone: string): number;
}

/** Starts a sandbox for this file. Also fails every test that writes to the console. */
export function useSandbox(): TestWorld {
  const world = {} as TestWorld;
  let numbers = 0;
  beforeAll(async () => {
    world.sandbox = await startSandbox({ botToken: "1:x", admin: { id: 1, firstName: "Admin" } });
    const { host, port, publicKeyPem } = world.sandbox.mtproto;
    world.server = { kind: "custom", host, port, publicKeyPem };
  });
  afterAll(() => world.sandbox.close());
  beforeEach(() => {
    const written: unknown[][] = [];
    for (const method of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation((...args) => void written.push(args));
    }
    onTestFinished(() => {
      world.sandbox.world.faults.heal();
      expect(written).toEqual([]);
    });
  });
  world.person = (more = {}) => {
    const phone = `1555000${(++numbers).toString().padStart(4, "0")}`;
    world.sandbox.world.createAccount({ phone, firstName: "Ann", ...more });
    return phone;
  };
  world.code = (phone) => world.sandbox.world.latestCode(phone)?.code ?? "";
  world.flow = (store, lines = []) => {
    const login = new LoginFlow({ ...account(world.server, lines), store });
    onTestFinished(() => login.cancel());
    return login;
  };
  world.logIn = async (store, phone) => {
    const login = world.flow(store);
    expect(await login.sendCode(phone)).toMatchObject({ kind: "code-sent" });
    return await login.submitCode(world.code(phone));
  };
  world.open = (phone) =>
    world.sandbox.world.connections().filter((each) => each.phone === phone).length;
  return world;
}
