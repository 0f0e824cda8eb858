import { generateKeyPairSync } from "node:crypto";
import { ALLOWED_METHODS } from "@flotilla/telegram";
import { Api } from "telegram";
import { expect, test } from "vitest";
import { assertAllowed, methodName } from "../src/link/gate.ts";
import { endpointOf, pickDc, rsaFingerprint, startDc, trustServer } from "../src/link/server.ts";
import { serverKeys } from "../src/wire/vendor.ts";
import { VendorLogger } from "../src/wire/vendor-log.ts";

test("the gate lets through what is on the list and nothing else", () => {
  expect(methodName(new Api.users.GetUsers({ id: [] }))).toBe("users.getUsers");
  expect(() => assertAllowed(new Api.users.GetUsers({ id: [] }))).not.toThrow();
  const refused = [
    new Api.auth.SignUp({}),
    new Api.contacts.ImportContacts({}),
    new Api.channels.InviteToChannel({}),
    new Api.channels.GetParticipants({}),
    new Api.InvokeWithoutUpdates({}),
    new Api.account.DeleteAccount({}),
  ];
  for (const request of refused)
    expect(() => assertAllowed(request)).toThrow(
      expect.objectContaining({ code: "method-refused" }),
    );
});

test("every method on the list exists", () => {
  for (const method of ALLOWED_METHODS) {
    const [space = "", name = ""] = method.split(".");
    const found = (Api as unknown as Record<string, Record<string, unknown>>)[space]?.[
      name.charAt(0).toUpperCase() + name.slice(1)
    ];
    expect(found, method).toBeTypeOf("function");
  }
});

test("the fingerprint of Telegram's own key is the one that the library knows", () => {
  const known = "-5595554452916591101";
  const key = serverKeys.get(known) as unknown as { n: { toString(base: number): string } };
  const modulus = Buffer.from(key.n.toString(16).padStart(512, "0"), "hex");
  expect(rsaFingerprint(modulus, Buffer.from([1, 0, 1]))).toBe(known);
});

test("a custom server's key is added, and anything but a PKCS#1 public key is refused", () => {
  const publicKeyPem = generateKeyPairSync("rsa", { modulusLength: 2048 })
    .publicKey.export({ type: "pkcs1", format: "pem" })
    .toString();
  const before = serverKeys.size;
  trustServer({ kind: "custom", host: "127.0.0.1", port: 1, publicKeyPem });
  expect(serverKeys.size).toBe(before + 1);
  expect(() =>
    trustServer({ kind: "custom", host: "127.0.0.1", port: 1, publicKeyPem: "nonsense" }),
  ).toThrow(expect.objectContaining({ code: "bad-server-key" }));
});

test(
  "a custom server is dialled where the configuration says, until it names a data centre's " +
    "own address",
  () => {
    const server = { kind: "custom", host: "127.0.0.1", port: 4430, publicKeyPem: "" } as const;
    expect(endpointOf(server, startDc(server))).toEqual({ host: "127.0.0.1", port: 4430 });
    expect(endpointOf(server, { id: 4, address: "127.0.0.4", port: 4434 })).toEqual({
      host: "127.0.0.4",
      port: 4434,
    });
    expect(() => endpointOf({ kind: "telegram" }, startDc(server))).toThrow(
      expect.objectContaining({ code: "no-dc-address" }),
    );
  },
);

test("a data centre for logging in is none for media, CDN, IPv6 or obfuscated-only use", () => {
  const option = { id: 4, ipAddress: "127.0.0.4", port: 443 };
  const unfit = [{ mediaOnly: true }, { cdn: true }, { ipv6: true }, { tcpoOnly: true }].map(
    (flag) => ({
      ...option,
      port: 1,
      ...flag,
    }),
  );
  expect(pickDc([...unfit, { ...option, id: 2 }, option], 4)).toEqual({
    id: 4,
    address: "127.0.0.4",
    port: 443,
  });
  expect(() => pickDc(unfit, 4)).toThrow(expect.objectContaining({ code: "unknown-dc" }));
});

test("the library's log lines come through without decrypted bytes", () => {
  const lines: string[] = [];
  const logger = new VendorLogger((level, message) => lines.push(`${level} ${message}`));
  logger.info("Type 123 not found, remaining data s3cret");
  logger.info("Received response without parent request: s3cret");
  logger.warn("Disconnecting...");
  logger.debug();
  expect(lines.join("\n")).not.toContain("s3cret");
  expect(lines).toHaveLength(3);
  expect(lines).toContain("info gramjs: Disconnecting...");
});
