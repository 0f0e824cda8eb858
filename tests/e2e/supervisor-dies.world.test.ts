import { childWith, testDir, waitFor } from "@flotilla/testkit";
import { expect, test } from "vitest";
import { AdminChat } from "./support/chat.ts";
import { startFleetIn } from "./support/fleet.ts";

const DEATHS = 6;

test(
  "a supervisor killed six times within ten minutes is reported by the launcher and by an " +
    "alert in the chat",
  async () => {
    const fleet = await startFleetIn(await testDir("fleet-"), { ALERT_HOLD_S: "1" });
    const chat = new AdminChat(fleet);
    await chat.start();
    const lines = (): string[] =>
      fleet.process.stderr.split("\n").filter((line) => line.startsWith("The supervisor"));
    let before = 0;
    for (let death = 1; death <= DEATHS; death++) {
      const pid = await waitFor(async () => {
        const found = await childWith(fleet.process.pid, "supervisor/src/main.ts");
        return found !== before && found;
      });
      process.kill(pid, "SIGKILL");
      before = pid;
      await waitFor(() => lines().length === death, { what: `the line of death ${death}` });
    }
    const killed = "^The supervisor ended \\(SIGKILL\\)";
    // A supervisor that dies during its start names its log.
    const how = `${killed}( before it was ready\\. See \\S+/supervisor\\.log)?`;
    for (const [index, line] of lines().slice(0, -1).entries())
      expect(line).toMatch(new RegExp(`${how}\\. Starting it again \\(${index + 1}/5\\)\\.$`));
    const last =
      "Trying once a minute; all workers of this host are off Telegram, the chat still works\\.$";
    expect(lines().at(-1)).toMatch(
      new RegExp(`${how}(, again and again\\.|\\. It fails again and again\\.) ${last}`),
    );
    const alert = await chat.shows(/its supervisor keeps ending; all its workers are off Telegram/);
    expect(alert.text).toContain("supervisor ended (SIGKILL)");
    const live = async (): Promise<number> =>
      (await fleet.get<{ phone: string | null }[]>("connections")).filter(
        ({ phone }) => phone !== null,
      ).length;
    await waitFor(async () => (await live()) === 0, {
      what: "the workers to be off Telegram, as it says",
    });
    expect((await chat.press("Refresh")).answered, "the chat still works").toBe(true);
  },
);
