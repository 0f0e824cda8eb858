import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startTelegram } from "../../src/mtproto/index.ts";
import { MovableClock } from "../../src/world/clock.ts";
import { savedSession } from "./support/gramjs.ts";
import { connected, loggedIn, stage, until } from "./support/kit.ts";

async function stateFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sandbox-state-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "telegram.json");
}

it("keeps keys, logins, messages and pts over a restart", async () => {
  const file = await stateFile();
  const before = await startTelegram({ clock: new MovableClock(), stateFile: file });
  before.world.createAccount({ phone: "15550000001", username: "ann_lee", password: "pw" });
  before.world.createAccount({ phone: "15550000002" });
  const client = await loggedIn(before, "15550000001", "pw");
  const saved = savedSession(client);
  before.world.sendPrivate("15550000002", "15550000001", "still here");
  const channel = before.world.createChannel({ title: "News", members: ["15550000001"] });
  before.world.postToChannel(channel.id, "post");
  await client.destroy();
  await before.close();
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { telegram } = await stage({ stateFile: file });
  expect(telegram.keyFingerprint).toBe(before.keyFingerprint);
  expect(telegram.world.channels()).toMatchObject([{ title: "News", pts: 2 }]);
  const again = await connected(telegram, { saved });
  expect((await again.getMe()).username).toBe("ann_lee");
  const [message] = await again
    .getMessages(Number(telegram.world.account("15550000002").id), { limit: 1 })
    .catch(() =>
      again
        .getDialogs({})
        .then(() =>
          again.getMessages(Number(telegram.world.account("15550000002").id), { limit: 1 }),
        ),
    );
  expect(message?.message).toBe("still here");
});

it("writes the file soon after a change, not only at the end", async () => {
  const file = await stateFile();
  const { telegram } = await stage({ stateFile: file });
  telegram.world.createAccount({ phone: "15550000001" });
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(
    () =>
      void stat(file).then(
        () => resolve(),
        () => {},
      ),
    20,
  );
  onTestFinished(() => clearInterval(timer));
  await promise;
});

it("says what is wrong with a state file it cannot read", async () => {
  const file = await stateFile();
  await writeFile(file, "{");
  await expect(startTelegram({ clock: new MovableClock(), stateFile: file })).rejects.toMatchObject(
    { code: "bad-state-file" },
  );
});

it("listens on loopback only, and lets go of everything when a port is taken", async () => {
  await expect(startTelegram({ clock: new MovableClock(), host: "0.0.0.0" })).rejects.toMatchObject(
    { code: "not-loopback" },
  );
  const squatter = createServer().listen(0, "127.0.0.4");
  onTestFinished(() => void squatter.close());
  await until("the port is taken", () => squatter.listening);
  const { port } = squatter.address() as { port: number };
  await expect(
    startTelegram({ clock: new MovableClock(), ports: { 4: port } }),
  ).rejects.toMatchObject({ code: "EADDRINUSE" });
});
