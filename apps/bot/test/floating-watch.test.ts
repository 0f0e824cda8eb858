import { Route } from "@flotilla/contracts";
import { parseHostId } from "@flotilla/kernel";
import { StandbyBoard } from "@flotilla/queue";
import { expect, onTestFinished, test } from "vitest";
import { startFleet } from "./chat.ts";
import { ASKER, HOST, WORKER } from "./support.ts";

const B = parseHostId("host-b");

test("a worker that another host took over is told its routes again, once (ADR 18)", async () => {
  const { parts, place } = await startFleet();
  const board = new StandbyBoard(place, () => {});
  onTestFinished(() => board.close());
  await board.ready();
  parts.addWorker(WORKER, ASKER);
  const route = Route.parse({
    ...{ id: "r", on: true, filter: "", edits: true, deletes: true, maxFileMb: 0, alert: "off" },
    from: { worker: WORKER, chats: ["-1001"] },
    to: { kind: "webhook", url: "https://example.org/hook" },
    action: { kind: "copy", template: "{text}" },
  });
  parts.routes.replace([route], 1000);
  const told = (): number | undefined => parts.routes.readers()[0]?.told;
  const version = parts.routes.readers()[0]?.version ?? 0;
  parts.routes.told(WORKER, version);
  const owner = { worker: WORKER, sha256: "0".repeat(64), at: 1, desired: "running" } as const;
  await board.put({ ...owner, host: HOST }, null);
  await parts.floating.look();
  expect(told(), "nothing has happened").toBe(version);
  expect(await board.claim({ ...owner, host: HOST }, B, 2)).toBe(true);
  await parts.floating.look();
  expect(parts.workers.find(WORKER)?.host).toBe(B);
  expect(told()).toBe(0);
  parts.routes.told(WORKER, version);
  await parts.floating.look();
  expect(told(), "it was said once").toBe(version);
});
