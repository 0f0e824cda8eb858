import type { KnownChat } from "@flotilla/contracts";
import { parseUserId, parseWorkerId } from "@flotilla/kernel";
import { AuditStore } from "../src/admins/audit-store.ts";
import { PlaceStore } from "../src/admins/place-store.ts";
import { ChatLists } from "../src/relay/chat-lists.ts";
import { RouteDesk } from "../src/relay/route-desk.ts";
import { RouteStore } from "../src/relay/route-store.ts";
import { DraftStore } from "../src/relay/wizard/draft-store.ts";
import { type Maker, RouteWizard } from "../src/relay/wizard/route-wizard.ts";
import type { SeenChat } from "../src/relay/wizard/step-check.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { ASKER, controlDb, HOST, TestClock, WORKER } from "./support.ts";

export const OTHER = parseWorkerId("other_1");
export const ANN = parseUserId("777");
export const by: Maker = { admin: ANN, asker: ASKER, id: "press-0000000001", chat: "777" };
export const chat = (ref: string, more: Partial<KnownChat> = {}): KnownChat => ({
  ...{ ref, title: ref, kind: "channel", forum: false, mayWrite: true },
  ...more,
});

const SEEN: Readonly<Record<string, SeenChat>> = {
  "-1000000000009": { title: "Team", forum: false, id: "-1000000000009", linked: null },
  "@news_9": { title: "News", forum: false, id: "-1000000000010", linked: "-1000000000011" },
  "@talk_9": { title: "Talk", forum: false, id: "-1000000000011", linked: "-1000000000010" },
};

/** What the reader says is no chat of its account. */
const UNKNOWN = [
  { ref: "2000001", meant: "-1000002000001" },
  { ref: "-100200300", meant: null },
  { ref: "@no_such_chat", meant: null },
];

/** The wizard over real stores; the worker's lists are here already. */
export async function start() {
  const [db, clock] = [await controlDb(), new TestClock()];
  const workers = new WorkerStore(db);
  for (const worker of [WORKER, OTHER]) workers.add(worker, HOST, "ann", 1);
  const routes = new RouteStore(db);
  const relay = new RouteDesk({
    store: routes,
    isWorker: (id) => workers.find(id) !== null,
    tell: async () => {},
    now: () => clock.now(),
    readers: () => [],
    apart: () => null,
    unknownChats: async () => null,
  });
  const lists = new ChatLists();
  const asked: string[] = [];
  const commands = {
    relay: async (wish: { readonly kind: string }, worker: string) => {
      asked.push(`${wish.kind} ${worker}`);
      return { kind: "sent", id: "c" } as const;
    },
  };
  const make = () =>
    new RouteWizard({
      ...{ routes, relay, lists, workers, clock, drafts: new DraftStore(db) },
      places: new PlaceStore(db),
      audit: new AuditStore(db),
      commands,
      finder: {
        unknown: async (_worker, chats) => UNKNOWN.filter(({ ref }) => chats.includes(ref)),
      },
      botChat: async (ref) => SEEN[ref] ?? null,
    });
  return { wizard: make(), make, routes, lists, asked };
}
