import type { WorkerState } from "@flotilla/contracts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodePress } from "../src/kit/callback.ts";
import { FLEET_TIMES } from "../src/kit/words/times.ts";
import { loginScreen } from "../src/login/login-screen.ts";
import type { WizardStep } from "../src/login/wizard-state.ts";
import { workerScreen } from "../src/workers/details.ts";
import { workersScreen } from "../src/workers/list.ts";
import { menuScreen } from "../src/workers/menu.ts";
import { problemsFirst } from "../src/workers/view.ts";
import { anyWorker, EN, HOST, listOf, NOW, viewOf, WORKER, workerView } from "./support.ts";
import { checkCard, labels } from "./telegram-html.ts";

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `worker-${String(n).padStart(2, "0")}`);

describe("the list of workers", () => {
  test.each([
    [0, 0, "none yet", 0],
    [1, 0, "1–1 of 1", 1],
    [8, 0, "1–8 of 8", 8],
    [9, 0, "1–8 of 9", 8],
    [9, 1, "9–9 of 9", 1],
    [17, 0, "1–8 of 17", 8],
    [17, 1, "9–16 of 17", 8],
    [17, 2, "17–17 of 17", 1],
    [17, 99, "17–17 of 17", 1],
  ])("of %i on page %i shows %s", (count, page, range, shown) => {
    const card = workersScreen(viewOf(names(count).map((name) => workerView(name))), listOf(page));
    expect(checkCard(card)).toMatch(new RegExp(`Workers:? ${range}`));
    expect(labels(card).filter((label) => label.includes("worker-"))).toHaveLength(shown);
    expect(labels(card).includes("▶️")).toBe(count > 8);
  });

  test("leads from each page to the next and back, and not beyond the ends", () => {
    const view = viewOf(names(17).map((name) => workerView(name)));
    const targets = [0, 1, 2].map((page) => {
      const pager =
        workersScreen(view, listOf(page)).keyboard.find((row) => row[0]?.text === "◀️") ?? [];
      return pager.map((button) =>
        Number(decodePress("callback_data" in button ? button.callback_data : "")?.arg),
      );
    });
    expect(targets).toEqual([
      [0, 0, 1],
      [0, 1, 2],
      [1, 2, 2],
    ]);
  });

  test("holds every worker exactly once over its pages, problems first, then by name", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyWorker, { selector: (worker) => worker.id, maxLength: 20 }),
        (workers) => {
          const view = viewOf(workers);
          const pages = Math.max(1, Math.ceil(workers.length / 8));
          const shown = Array.from({ length: pages }, (_, page) =>
            workersScreen(view, listOf(page)),
          ).flatMap((card) =>
            card.keyboard.flat().flatMap((button) => {
              const press = decodePress("callback_data" in button ? button.callback_data : "");
              return press?.verb === "worker" ? [press.about] : [];
            }),
          );
          expect(shown).toEqual(problemsFirst(workers).map((worker) => worker.id));
          expect(new Set(shown).size).toBe(workers.length);
        },
      ),
    );
  });

  test("puts what needs a person before what is well, and what no host reported before all", () => {
    const workers = [
      workerView("a-fine"),
      workerView("b-stopped", { state: "STOPPED" }),
      workerView("c-gave-up", { state: "GAVE_UP" }),
      workerView("d-login", { state: "NEEDS_LOGIN" }),
      { ...workerView("e-silent"), status: null },
    ];
    expect(problemsFirst(workers).map((worker) => worker.id)).toEqual([
      "e-silent",
      "c-gave-up",
      "d-login",
      "a-fine",
      "b-stopped",
    ]);
  });
});

describe("the buttons of Worker Details follow the state", () => {
  const buttonsOf = (state: WorkerState): string[] =>
    labels(workerScreen(viewOf([workerView("news_1", { state })]), "news_1"));

  test.each([
    ["STOPPED", ["▶️ Start", "🧯 Backups", "📜 Log"]],
    [
      "RUNNING",
      ["🔄 Restart", "⏹ Stop", "🔐 Authenticate", "🩺 Check now", "🧯 Backups", "📜 Log"],
    ],
    ["GAVE_UP", ["🔄 Restart", "⏹ Stop", "🧯 Backups", "📜 Log"]],
    ["BROKEN", ["🧯 Backups", "🔁 Retry now", "⏹ Stop", "📜 Log"]],
    ["LOCKED", ["👀 Who holds it?", "🔁 Retry now", "⏹ Stop", "📜 Log"]],
    ["NEEDS_LOGIN", ["🔐 Authenticate", "🔁 Look again", "🧯 Backups", "📜 Log"]],
    ["LOGGING_IN", ["🔐 Authenticate", "📜 Log"]],
    ["STARTING", ["📜 Log"]],
    ["BANNED", ["🔁 Look again", "⏹ Stop", "📜 Log"]],
  ] as const)("%s", (state, expected) => {
    expect(buttonsOf(state)).toEqual([
      ...expected,
      "📡 Sources",
      "🔀 Routes",
      "📈 Chart",
      "🔕 Mute 1 h",
      "⋯ More",
      "🔄 Refresh",
      "⬅️ Back",
    ]);
  });

  test("a worker that is gone leaves only the way back", () => {
    const card = workerScreen(viewOf([]), "news_1");
    expect(labels(card)).toEqual(["⬅️ Back"]);
    expect(checkCard(card)).toContain("The worker news_1 no longer exists");
  });

  test("a worker that no host reported is asked after, and Redis being away is said", () => {
    const silent = { ...workerView("news_1"), status: null };
    expect(checkCard(workerScreen(viewOf([silent], { trouble: "gone" }), "news_1"))).toMatch(
      /host-a has not reported it[\s\S]*Redis is away/,
    );
  });
});

describe("the keypad", () => {
  const code = (more: object): WizardStep => ({
    kind: "ask-code",
    via: "app",
    length: 5,
    nextVia: null,
    resendAt: null,
    expiresAt: NOW + 60_000,
    note: null,
    dead: false,
    ...more,
  });

  test("shows how many digits were entered, and never which", () => {
    const text = checkCard(
      loginScreen({ words: EN, worker: WORKER, step: code({}), digits: 2, now: NOW }),
    );
    expect(text).toContain("● ● ○ ○ ○");
  });

  test("has ten digits, back and send while the code lives, and none of them when it is dead", () => {
    const alive = labels(
      loginScreen({ words: EN, worker: WORKER, step: code({}), digits: 0, now: NOW }),
    );
    expect(alive).toEqual([
      "1",
      "2",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
      "9",
      "⌫",
      "0",
      "✔",
      "🔁 New code",
      "✖️ Cancel",
    ]);
    expect(
      labels(
        loginScreen({ words: EN, worker: WORKER, step: code({ dead: true }), digits: 0, now: NOW }),
      ),
    ).toEqual(["🔁 New code", "📷 QR instead", "✖️ Cancel"]);
  });

  test.each(["sms-word", "sms-phrase", "firebase", "email-setup", "unknown", "of tomorrow"])(
    "is not there for a code that comes by %s: it would come another way, or the login goes by QR code",
    (via) => {
      const show = (more: object): string[] =>
        labels(
          loginScreen({
            words: EN,
            worker: WORKER,
            step: code({ via, ...more }),
            digits: 0,
            now: NOW,
          }),
        );
      expect(show({})).toEqual(["📷 QR instead", "✖️ Cancel"]);
      expect(show({ nextVia: "sms", resendAt: NOW - 1 })).toEqual([
        "📨 Another way",
        "📷 QR instead",
        "✖️ Cancel",
      ]);
      expect(show({ nextVia: "sms", resendAt: NOW + 60_000 })[0]).toBe(
        `📨 Another way (from ${FLEET_TIMES.clock(NOW + 60_000)})`,
      );
    },
  );
});

test("a host is named with its workers", () => {
  expect(checkCard(menuScreen(viewOf([workerView("a"), workerView("b")])))).toContain(
    `2 workers · ${HOST}`,
  );
});
