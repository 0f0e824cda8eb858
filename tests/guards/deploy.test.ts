import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

/** Workers get 15 s each, in parallel (S2-32); what supervises Flotilla has to wait longer than that. */
const NEEDED_S = 30;

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("every way of running it as a service waits long enough before it kills", () => {
  const found = {
    systemd: /^TimeoutStopSec=(\d+)$/m.exec(read("docs/deploy/flotilla.service"))?.[1],
    supervisord: /^stopwaitsecs=(\d+)$/m.exec(read("docs/deploy/supervisord.conf"))?.[1],
    pm2: (JSON.parse(read("docs/deploy/pm2.config.json")) as { apps: [{ kill_timeout: number }] }).apps[0].kill_timeout / 1000,
    compose: /^ {2}stop_grace_period: (\d+)s$/m.exec(read("docker-compose.yml"))?.[1],
  };
  for (const [name, seconds] of Object.entries(found)) expect(Number(seconds), name).toBeGreaterThanOrEqual(NEEDED_S);
});

test("the Kubernetes example waits too, and never runs two pods of anything", () => {
  const documents = parseAllDocuments(read("docs/deploy/kubernetes.yaml")).map((each) => {
    expect(each.errors).toEqual([]);
    return each.toJS() as { kind: string; spec?: { replicas?: number; template?: { spec: Record<string, unknown> } } };
  });
  const sets = documents.filter(({ kind }) => kind === "StatefulSet");
  expect(sets).toHaveLength(3);
  for (const { spec } of sets) {
    expect(spec?.replicas).toBe(1);
    expect(spec?.template?.spec["terminationGracePeriodSeconds"]).toBeGreaterThanOrEqual(NEEDED_S);
  }
});
