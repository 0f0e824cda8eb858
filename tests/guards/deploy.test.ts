import { readFileSync } from "node:fs";
import { ENV, type EnvName } from "@flotilla/config";
import { KeptBy } from "@flotilla/contracts";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { podEnvironment, readCluster } from "./kubernetes.ts";

/** Seconds that a service manager must wait: workers get 15 s, in parallel (S2-32). */
const NEEDED_S = 30;

const cluster = readCluster();
const SETTINGS = cluster.one("ConfigMap", "flotilla").data;
const OURS = ["flotilla-bot", "flotilla-host"] as const;

const read = (path: string): string =>
  readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("every service manager example waits long enough before SIGKILL", () => {
  const found = {
    systemd: /^TimeoutStopSec=(\d+)$/m.exec(read("docs/deploy/flotilla.service"))?.[1],
    supervisord: /^stopwaitsecs=(\d+)$/m.exec(read("docs/deploy/supervisord.conf"))?.[1],
    pm2:
      (JSON.parse(read("docs/deploy/pm2.config.json")) as { apps: [{ kill_timeout: number }] })
        .apps[0].kill_timeout / 1000,
    compose: /^ {2}stop_grace_period: (\d+)s$/m.exec(read("docker-compose.yml"))?.[1],
  };
  for (const [name, seconds] of Object.entries(found))
    expect(Number(seconds), name).toBeGreaterThanOrEqual(NEEDED_S);
});

test(
  "containers lock keys in the machine's folder, or in the one that OWNER_DIR names (field " +
    "fault A4)",
  () => {
    interface Service {
      readonly volumes?: readonly string[];
      readonly environment?: Readonly<Record<string, string>>;
      readonly cap_add?: readonly string[];
      readonly command?: readonly string[];
    }
    const { services } = parse(read("docker-compose.yml"), { merge: true }) as {
      services: Readonly<Record<string, Service>>;
    };
    const mount = `\${OWNER_DIR:-/run/flotilla}:/run/flotilla`;
    for (const name of ["owner-dir", "supervisor"])
      expect(services[name]?.volumes, name).toContain(mount);
    // A path of the machine has no meaning in the container, which uses the default.
    expect(Object.keys(services["supervisor"]?.environment ?? {})).not.toContain("OWNER_DIR");
    // Needed for chmod of another user's folder.
    expect(services["owner-dir"]).toMatchObject({
      command: ["chmod", "1777", "/run/flotilla"],
      cap_add: ["FOWNER"],
    });

    const host = JSON.stringify(cluster.one("StatefulSet", "flotilla-host"));
    expect(host).toContain('"hostPath":{"path":"/run/flotilla","type":"DirectoryOrCreate"}');
    expect(host.split('"mountPath":"/run/flotilla"')).toHaveLength(3);
    expect(read("docs/deploy/flotilla.service")).toMatch(
      /^RuntimeDirectory=flotilla\nRuntimeDirectoryMode=1777\n/m,
    );
  },
);

const NAMES = Object.keys(ENV) as EnvName[];
/** Variables that are no settings of Flotilla but must reach its processes (field fault C7). */
const OF_THE_SYSTEM = ["TZ", "NODE_EXTRA_CA_CERTS"];
/** Says what starts a process again: a fact of the file, and no setting. */
const KEPT = "FLOTILLA_KEPT_BY";
/** Paths in the container that no setting of the machine names; OWNER_DIR and files are mounted. */
const INSIDE: readonly string[] = ["DATA_DIR", "HTTP_PORT"];

interface ComposeService {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly (string | { readonly source: string; readonly target: string })[];
  readonly healthcheck: { readonly test: readonly string[] };
}

const compose = (): Readonly<Record<string, ComposeService>> =>
  (
    parse(read("docker-compose.yml"), { merge: true }) as {
      services: Readonly<Record<string, ComposeService>>;
    }
  ).services;
describe("every setting of .env.example arrives (field faults C8, H8)", () => {
  test.each(["bot", "supervisor"])(
    "in the container %s of compose, from .env and from the environment",
    (name) => {
      const { environment = {}, volumes = [] } = compose()[name] ?? {};
      const mounted = JSON.stringify(volumes);
      for (const each of [...NAMES, ...OF_THE_SYSTEM]) {
        const value = String(environment[each] ?? "");
        // The bot has no session keys.
        if (each === "OWNER_DIR" && name === "bot") continue;
        const arrives = INSIDE.includes(each)
          ? value !== ""
          : `${value} ${mounted}`.includes(`\${${each}:`);
        expect(arrives, each).toBe(true);
      }
      for (const [each, value] of Object.entries(environment))
        expect([...NAMES, ...OF_THE_SYSTEM, KEPT], value).toContain(each);
    },
  );

  test.each(["MTPROTO_DC_KEY", "NODE_EXTRA_CA_CERTS"])(
    "compose mounts the file that %s names where the container reads it",
    (name) => {
      for (const { environment, volumes } of [compose()["bot"], compose()["supervisor"]].flatMap(
        (each) => each ?? [],
      )) {
        const inside = /:\+(.+)\}$/.exec(environment[name] ?? "")?.[1];
        expect(volumes).toContainEqual(
          expect.objectContaining({ source: `\${${name}:-/dev/null}`, target: inside }),
        );
      }
    },
  );

  test("archives are kept in a volume of their own, which the image gives to its user", () => {
    for (const name of ["bot", "supervisor"]) {
      const { environment, volumes } = compose()[name] ?? {};
      expect(environment?.["BACKUP_DIR"], name).toBe("/backups");
      expect(volumes, name).toContain(`\${BACKUP_DIR:-backups}:/backups`);
    }
    expect(parse(read("docker-compose.yml"))).toMatchObject({ volumes: { backups: null } });
    expect(read("apps/cli/Dockerfile")).toMatch(/^RUN install -d -o node .* \/backups$/m);
    expect(SETTINGS["BACKUP_DIR"]).toMatch(/^\/backups\//);
    for (const name of OURS) {
      const { spec } = cluster.one("StatefulSet", name);
      const [container] = spec.template.spec.containers;
      expect(container.volumeMounts, name).toContainEqual({
        name: "backups",
        mountPath: "/backups",
      });
      const claims = spec.volumeClaimTemplates.map(({ metadata }) => metadata.name);
      expect(claims, name).toEqual(["data", "backups"]);
    }
  });

  test.each(OURS)("in the pod %s of Kubernetes", (name) => {
    const there = podEnvironment(cluster, cluster.one("StatefulSet", name));
    expect([...NAMES, ...OF_THE_SYSTEM].filter((each) => !(each in there))).toEqual([]);
    const secrets = cluster.one("Secret", "flotilla").stringData;
    expect(NAMES.filter((each) => ENV[each].secret && !(each in secrets))).toEqual([]);
  });

  // They start the launcher, which reads .env and passes on its environment
  // (packages/config/test/child-env.test.ts).
  test("under systemd, PM2 and supervisord from the .env of the launcher's folder", () => {
    const pm2 = (
      JSON.parse(read("docs/deploy/pm2.config.json")) as { apps: [Record<string, string>] }
    ).apps[0];
    const found = {
      systemd: [
        /^ExecStart=\/usr\/bin\/env (.+)$/m.exec(read("docs/deploy/flotilla.service"))?.[1],
        /^WorkingDirectory=(.+)$/m.exec(read("docs/deploy/flotilla.service"))?.[1],
      ],
      supervisord: [
        /^command=(.+)$/m.exec(read("docs/deploy/supervisord.conf"))?.[1],
        /^directory=(.+)$/m.exec(read("docs/deploy/supervisord.conf"))?.[1],
      ],
      pm2: [`node ${pm2["script"]} ${pm2["args"]}`, pm2["cwd"]],
    };
    for (const [name, how] of Object.entries(found))
      expect(how, name).toEqual(["node apps/cli/launch.mjs up", "/opt/flotilla"]);
    for (const file of ["flotilla.service", "supervisord.conf", "pm2.config.json"])
      expect(read(`docs/deploy/${file}`), file).not.toMatch(
        /^(Environment=(?!FLOTILLA_KEPT_BY)|clean_env|environment=(?!FLOTILLA_KEPT_BY)|ProtectHome)|"filter_env"/m,
      );
  });
});

test(
  "probes use the port that the process opens, and only a process that does not answer is " +
    "ended (field fault H3)",
  () => {
    const asked = (command: readonly string[]): string =>
      /http:\/\/127\.0\.0\.1:\d+\/\w+/.exec(command.join(" "))?.[0] ?? "";
    for (const name of ["bot", "supervisor"]) {
      const { environment, healthcheck } = compose()[name] ?? {};
      expect(asked(healthcheck?.test ?? []), name).toBe(
        `http://127.0.0.1:${environment?.["HTTP_PORT"]}/healthz`,
      );
    }
    for (const name of OURS) {
      const { containers } = cluster.one("StatefulSet", name).spec.template.spec;
      const [{ livenessProbe, readinessProbe, env = [] }] = containers;
      const root = `http://127.0.0.1:${SETTINGS["HTTP_PORT"]}`;
      expect([asked(livenessProbe.exec.command), asked(readinessProbe.exec.command)]).toEqual([
        `${root}/livez`,
        `${root}/healthz`,
      ]);
      expect(env.map((each) => each.name)).not.toContain("HTTP_PORT");
    }
  },
);

test("new workers of the chat belong to a host with a supervisor (field fault H2)", () => {
  const { bot, supervisor } = compose();
  expect(bot?.environment["HOST_ID"]).toBe(supervisor?.environment["HOST_ID"]);
  const [ofBot, ofHost] = OURS.map(
    (name) => podEnvironment(cluster, cluster.one("StatefulSet", name))["HOST_ID"],
  );
  expect(ofBot).toBe(ofHost);
});

test("what starts a process again says so to it, and starts it after any exit code", () => {
  const cases = {
    systemd: [/^Restart=always$/m, /^Environment=FLOTILLA_KEPT_BY=systemd$/m, "flotilla.service"],
    supervisord: [
      /^autorestart=true$/m,
      /^environment=FLOTILLA_KEPT_BY="supervisord"$/m,
      "supervisord.conf",
    ],
    // Without stop_exit_codes, PM2 starts a program again after each exit.
    pm2: [/"max_restarts": 1000000/, /"env": \{ "FLOTILLA_KEPT_BY": "pm2" \}/, "pm2.config.json"],
  } as const;
  for (const [name, [restarts, says, file]] of Object.entries(cases)) {
    const text = read(`docs/deploy/${file}`);
    expect(text, name).toMatch(restarts);
    expect(text, name).toMatch(says);
    expect(text, name).not.toMatch(/stop_exit_codes|SuccessExitStatus|RestartPreventExitStatus/);
    expect(KeptBy.options).toContain(name);
  }
  for (const name of ["bot", "supervisor"])
    expect(compose()[name], name).toMatchObject({
      restart: "unless-stopped",
      environment: { [KEPT]: "compose" },
    });
  expect(SETTINGS[KEPT]).toBe("kubernetes");
  // Pods of a StatefulSet have restartPolicy Always; no other is allowed.
  expect(JSON.stringify(cluster.objects)).not.toContain("restartPolicy");
});
