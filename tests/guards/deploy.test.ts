import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

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

test("containers lock keys in the machine's folder, or in the one that OWNER_DIR names (field fault A4)", () => {
  interface Service {
    readonly volumes?: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    readonly cap_add?: readonly string[];
    readonly command?: readonly string[];
  }
  const { services } = parse(read("docker-compose.yml"), { merge: true }) as { services: Readonly<Record<string, Service>> };
  const mount = `\${OWNER_DIR:-/run/flotilla}:/run/flotilla`;
  for (const name of ["owner-dir", "supervisor"]) expect(services[name]?.volumes, name).toContain(mount);
  // A path of the machine means nothing inside: there it is the default.
  expect(Object.keys(services["supervisor"]?.environment ?? {})).not.toContain("OWNER_DIR");
  // chmod of a folder that another user made needs it.
  expect(services["owner-dir"]).toMatchObject({ command: ["chmod", "1777", "/run/flotilla"], cap_add: ["FOWNER"] });

  const pods = parseAllDocuments(read("docs/deploy/kubernetes.yaml")).map((each) => JSON.stringify(each.toJS()));
  const host = pods.find((each) => each.includes('"flotilla-host-a"') && each.includes("StatefulSet")) ?? "";
  expect(host).toContain('"hostPath":{"path":"/run/flotilla","type":"DirectoryOrCreate"}');
  expect(host.split('"mountPath":"/run/flotilla"')).toHaveLength(3);
  expect(read("docs/deploy/flotilla.service")).toMatch(/^RuntimeDirectory=flotilla\nRuntimeDirectoryMode=1777\n/m);
});
