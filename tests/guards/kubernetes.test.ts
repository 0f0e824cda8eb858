/** The kustomize base and its overlay, without a cluster: what no API server would refuse. */
import { parseConfig } from "@flotilla/config";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  Cluster,
  danglingNames,
  kustomization,
  podEnvironment,
  readCluster,
  type StatefulSet,
} from "./kubernetes.ts";

/** Seconds that a pod gets: workers need 15 s, in parallel, and the supervisor some more. */
const NEEDED_S = 40;

const cluster = readCluster();
const hosts = cluster.one("StatefulSet", "flotilla-host");
const bot = cluster.one("StatefulSet", "flotilla-bot");

test("the kustomization lists each file of its folder, and each object is there once", () => {
  const { resources, files } = kustomization("base");
  expect([...resources].sort()).toEqual([...files].sort());
  const names = cluster.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect([...new Set(names)]).toEqual(names);
});

describe("what an object names is there", () => {
  test("in the base", () => {
    expect(danglingNames(cluster)).toEqual([]);
  });

  test.each([
    ['"configMapRef":{"name":"flotilla"', '"configMapRef":{"name":"x"', "no ConfigMap x"],
    ['"secretRef":{"name":"flotilla"', '"secretRef":{"name":"x"', "no Secret x"],
    ['"key":"REDIS_PASSWORD"', '"key":"x"', "flotilla-redis: no key x"],
    ['"volumeMounts":[{"name":"data"', '"volumeMounts":[{"name":"x"', "no volume x"],
    ['"matchLabels":{"app":"flotilla-bot"}', '"matchLabels":{"app":"x"}', "other pods"],
    ['"serviceName":"flotilla-bot"', '"serviceName":"x"', "flotilla-bot: no Service x"],
    ['"selector":{"app":"flotilla-redis"}', '"selector":{"app":"x"}', "flotilla-redis selects no"],
  ])("the check finds %s replaced by %s", (was, is, told) => {
    const text = JSON.stringify(cluster.objects);
    expect(text).toContain(was);
    const broken = new Cluster(JSON.parse(text.replaceAll(was, is)));
    expect(danglingNames(broken).join("\n")).toContain(told);
  });
});

describe("each pod of flotilla-host is a host of the fleet", () => {
  const values = { API_ID: "4242", API_HASH: "0123456789abcdef".repeat(2) };
  const secrets = { ...values, FLEET_KEY: "ab".repeat(32), REDIS_URL: "redis://redis:6379" };
  const given = Object.entries(podEnvironment(cluster, hosts, secrets));
  const config = parseConfig(Object.fromEntries(given.filter(([, value]) => value !== "")), {
    cwd: "/",
    role: "host",
  });

  test("named after the pod, of a fleet of several hosts, so that a scale is enough", () => {
    expect([config.hostId, config.supervision.hosts]).toEqual(["flotilla-host-0", "several"]);
    expect(podEnvironment(cluster, bot)["HOSTS"]).toBe("several");
  });

  test("at an address that its Service resolves, on a port that it opens", () => {
    const url = new URL(config.hostUrl ?? "");
    const service = cluster.one("Service", hosts.spec.serviceName);
    expect(url.hostname).toBe(`${config.hostId}.${service.metadata.name}`);
    expect(config.hostListen).toEqual({ host: null, port: Number(url.port) });
    expect(service.spec).toMatchObject({
      clusterIP: "None",
      publishNotReadyAddresses: true,
      ports: [{ port: Number(url.port) }],
    });
    const [{ ports }] = hosts.spec.template.spec.containers;
    expect(ports?.map(({ containerPort }) => containerPort)).toEqual([Number(url.port)]);
  });

  test("waits for no other, and keeps its sessions when it is scaled away", () => {
    expect(hosts.spec).toMatchObject({
      podManagementPolicy: "Parallel",
      persistentVolumeClaimRetentionPolicy: { whenScaled: "Retain", whenDeleted: "Retain" },
    });
  });

  test("is evicted one at a time", () => {
    expect(cluster.one("PodDisruptionBudget", "flotilla-host").spec).toMatchObject({
      maxUnavailable: 1,
      selector: { matchLabels: hosts.spec.selector.matchLabels },
    });
  });
});

test("a pod has time to stop, and there is one of each at first", () => {
  const sets = cluster.all("StatefulSet");
  expect(sets.map(({ metadata }) => metadata.name)).toEqual([
    "flotilla-redis",
    "flotilla-bot",
    "flotilla-host",
  ]);
  for (const { spec } of sets) expect(spec.replicas).toBe(1);
  for (const { spec } of [bot, hosts])
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(NEEDED_S);
});

describe("the overlay rwop", () => {
  interface Operation {
    readonly op: string;
    readonly path: string;
    readonly value: unknown;
  }
  const { resources, files, patches = [] } = kustomization("rwop");
  const [patch] = patches;
  const [check, change] = parse(patch?.patch ?? "[]") as Operation[];
  const at = (set: StatefulSet, path = ""): unknown =>
    path
      .split("/")
      .slice(1)
      .reduce((inside: unknown, key) => Reflect.get(Object(inside), key), set);

  test("is the base, with another access mode for the data of each StatefulSet", () => {
    expect([resources, files, patches.length]).toEqual([["../base"], [], 1]);
    expect(patch?.target).toEqual({ kind: "StatefulSet" });
    expect([check?.op, check?.value, change?.op, change?.value]).toEqual([
      "test",
      "data",
      "replace",
      ["ReadWriteOncePod"],
    ]);
    for (const set of cluster.all("StatefulSet")) {
      expect(at(set, check?.path), set.metadata.name).toBe("data");
      expect(at(set, change?.path), set.metadata.name).toEqual(["ReadWriteOnce"]);
    }
  });
});
