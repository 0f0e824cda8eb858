/** The bot's health says when a host has no supervisor (hosts.md H2, H5). */
import { STATUS_STALE_MS } from "@flotilla/contracts";
import { parseHostId } from "@flotilla/kernel";
import { expect, test } from "vitest";
import { Supervisors } from "../src/app/supervisors.ts";
import { WorkerStore } from "../src/workers/worker-store.ts";
import { controlDb, HOST, TestClock, WORKER } from "./support.ts";

const OTHER = parseHostId("host-b");

test(
  "a host without a supervisor is named after 30 s: that of a worker, and the one that new " +
    "workers go to",
  async () => {
    const workers = new WorkerStore(await controlDb());
    workers.add(WORKER, OTHER, "1", 0);
    const clock = new TestClock();
    const supervisors = new Supervisors({ workers, host: HOST, clock });
    const heard = (...hosts: (typeof HOST)[]): void =>
      supervisors.heard(
        hosts.map((host) => ({ host, hosts: "several", at: 0 })),
        0,
      );
    expect(supervisors.problems()).toEqual([]);
    clock.ms += STATUS_STALE_MS + 1;
    const both = [HOST, OTHER].map((host) => `no supervisor of ${host} is heard of`);
    expect(supervisors.problems()).toEqual(both);
    heard(HOST);
    expect(supervisors.problems()).toEqual(both.slice(1));
    heard(HOST, OTHER);
    expect(supervisors.problems()).toEqual([]);
    clock.ms += STATUS_STALE_MS + 1;
    supervisors.heard([{ host: HOST, hosts: "several", at: 0 }], STATUS_STALE_MS + 1);
    expect(supervisors.problems(), "a row that no supervisor refreshes").toEqual(both);
  },
);
