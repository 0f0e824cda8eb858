import { join } from "node:path";
import { openSession, type SessionStore } from "@flotilla/session-store";
import type { Bench, BenchOptions } from "../lib/bench.ts";
import { Floor } from "../lib/floor.ts";
import { type Contender, lengthOf, pairwise, timed } from "../lib/pairwise.ts";
import { pythonWithTelethon, Telethon } from "./telethon.ts";

const bench: Bench = {
  summary: "one entity saved durably: a worker's session beside Telethon's and the disk's limit",
  async run(options) {
    await using stack = new AsyncDisposableStack();
    const store = stack.use(
      openSession({
        dir: join(options.dir, "sessions"),
        name: "bench",
        fleetKey: Buffer.alloc(32, 7),
      }),
    );
    const floor = stack.use(new Floor(join(options.dir, "floor")));
    const telethon = peer(options);
    const contenders = [
      ours(store),
      relayStep(store),
      floor,
      ...(telethon ? [stack.use(telethon)] : []),
    ];
    return await pairwise(contenders, telethon?.name ?? floor.name, lengthOf(options.quick));
  },
};
export default bench;

function peer({ dir, skip }: BenchOptions): Telethon | null {
  const python = pythonWithTelethon();
  if (python === null)
    skip(
      "Telethon: no Python here has it (Debian: apt-get install python3-telethon). Ratios are to the disk.",
    );
  return python === null ? null : new Telethon(python, dir);
}

/** Saves one changed row in its own transaction: WAL, synchronous=FULL. */
function ours(store: SessionStore): Contender {
  let n = 0;
  const save = (): void => {
    n++;
    store.entities.upsert([
      {
        id: String(1 + (n % 1000)),
        hash: String(n),
        username: null,
        phone: null,
        name: `Name ${n}`,
      },
    ]);
  };
  return { name: "Flotilla entities.upsert", round: async (forMs) => timed(forMs, save) };
}

/** The least work of a relayed message: an inbox row with its cursor, then marked as done. */
function relayStep(store: SessionStore): Contender {
  let n = 0;
  const text = "x".repeat(500);
  const content = { ...PLAIN, text };
  const step = (): void => {
    n++;
    const event = {
      kind: "new",
      box: "1",
      chat: "-1001",
      messageId: n,
      version: 0,
      date: n,
      content,
    } as const;
    store.updates.commit({ channels: [{ id: "1", pts: n }], events: [event] }, () => true);
    store.updates.done([n]);
  };
  return { name: "Flotilla inbox + done (relay step)", round: async (forMs) => timed(forMs, step) };
}

const PLAIN = {
  entities: [],
  media: null,
  groupedId: null,
  replyTo: null,
  topicId: null,
  from: null,
  out: false,
  noforwards: false,
  ttlS: null,
  service: false,
};
