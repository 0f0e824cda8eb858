import { type HostRow, Route } from "@flotilla/contracts";
import { parseHostId, parseWorkerId } from "@flotilla/kernel";
import { expect, test } from "vitest";
import { hostsApart } from "../src/relay/hosts-apart.ts";

const HOSTS = { near: "host-a", far: "host-b", lost: "host-c" } as const;

/** Workers named after their host; host-a serves files, host-b does not, host-c was not heard. */
const fleet = {
  workers: {
    find: (id: string) =>
      id in HOSTS
        ? {
            id: parseWorkerId(id),
            host: parseHostId(HOSTS[id as keyof typeof HOSTS]),
            label: null,
            tags: [],
            note: null,
            hostGone: false,
          }
        : null,
  },
  knownHosts: {
    all: (): HostRow[] => [
      { host: parseHostId("host-a"), hosts: "several", at: 1, files: true },
      { host: parseHostId("host-b"), hosts: "several", at: 1 },
    ],
  },
};

const route = (from: string, to: Route["to"]): Route =>
  Route.parse({ id: "r", from: { worker: from, chats: ["@news_a"] }, to });
const worker = (name: string): Route["to"] => ({
  kind: "worker",
  worker: parseWorkerId(name),
  chat: "@news_b",
});

test.each<[string, Route, object | null]>([
  ["one host", route("far", worker("far")), null],
  ["from a host that serves files", route("near", worker("far")), null],
  ["from a host that serves none", route("far", worker("near")), { from: "host-b", to: "host-a" }],
  [
    "to the bot on another host, which gets the text",
    route("far", { kind: "bot", chat: "@news_b" }),
    null,
  ],
  ["to the bot beside the reader", route("near", { kind: "bot", chat: "@news_b" }), null],
  ["to a webhook", route("far", { kind: "webhook", url: "https://example.org/x" }), null],
  ["from a host that was not heard", route("lost", worker("near")), null],
  ["to a worker that is not there", route("far", worker("gone")), null],
])("files %s", (_what, made, expected) => {
  expect(hostsApart(made, fleet)).toEqual(expected);
});
