import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";

const FOLDER = fileURLToPath(new URL("../../docs/deploy/kubernetes/", import.meta.url));

type Labels = Readonly<Record<string, string>>;
interface Named {
  readonly name: string;
}

export interface Probe {
  readonly exec: { readonly command: readonly string[] };
}

interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
  };
}

export interface Container {
  readonly command: readonly string[];
  readonly env?: readonly Variable[];
  readonly envFrom?: readonly { readonly configMapRef?: Named; readonly secretRef?: Named }[];
  readonly ports?: readonly { readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Claim {
  readonly metadata: Named;
  readonly spec: { readonly accessModes: readonly string[] };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly [Container];
  readonly volumes?: readonly Named[];
}

export interface StatefulSet {
  readonly kind: "StatefulSet";
  readonly metadata: Named;
  readonly spec: {
    readonly serviceName: string;
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
    readonly volumeClaimTemplates: readonly Claim[];
  };
}

type KubernetesObject =
  | StatefulSet
  | { readonly kind: "ConfigMap"; readonly metadata: Named; readonly data: Labels }
  | { readonly kind: "Secret"; readonly metadata: Named; readonly stringData: Labels }
  | {
      readonly kind: "Service";
      readonly metadata: Named;
      readonly spec: {
        readonly selector: Labels;
        readonly ports?: readonly { readonly port: number }[];
      };
    }
  | {
      readonly kind: "PodDisruptionBudget";
      readonly metadata: Named;
      readonly spec: { readonly selector: { readonly matchLabels: Labels } };
    };

type Kind = KubernetesObject["kind"];
type OfKind<K extends Kind> = Extract<KubernetesObject, { kind: K }>;

/** The objects of the kustomize base, in the order of its files. */
export class Cluster {
  readonly objects: readonly KubernetesObject[];

  constructor(objects: readonly KubernetesObject[]) {
    this.objects = objects;
  }

  /** Every object of one kind. */
  all<K extends Kind>(kind: K): OfKind<K>[] {
    return this.objects.filter((each): each is OfKind<K> => each.kind === kind);
  }

  /** The one object of this kind and name. Throws Error when there is none. */
  one<K extends Kind>(kind: K, name: string): OfKind<K> {
    const found = this.all(kind).find(({ metadata }) => metadata.name === name);
    if (!found) throw new Error(`no ${kind} ${name}`);
    return found;
  }
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly patches?: readonly {
    readonly target: { readonly kind: Kind };
    readonly patch: string;
  }[];
}

/** What the `kustomization.yaml` of a folder says, and the other files that lie there. */
export function kustomization(folder: "base" | "rwop"): Kustomization & {
  readonly files: readonly string[];
} {
  const read = readFileSync(`${FOLDER}${folder}/kustomization.yaml`, "utf8");
  const files = readdirSync(`${FOLDER}${folder}`).filter((each) => each !== "kustomization.yaml");
  return { ...(parse(read) as Kustomization), files };
}

/** Reads the base as kustomize does. Throws Error for a file that is not YAML. */
export function readCluster(): Cluster {
  const documents = kustomization("base").resources.flatMap((file) =>
    parseAllDocuments(readFileSync(`${FOLDER}base/${file}`, "utf8")),
  );
  for (const { errors } of documents) if (errors[0]) throw errors[0];
  return new Cluster(documents.map((each) => each.toJS() as KubernetesObject));
}

/** The environment that the kubelet gives to the first pod of a StatefulSet. */
export function podEnvironment(
  cluster: Cluster,
  { metadata, spec }: StatefulSet,
  secrets: Labels = {},
): Readonly<Record<string, string>> {
  const [{ envFrom = [], env = [] }] = spec.template.spec.containers;
  const found: Record<string, string> = {};
  for (const { configMapRef, secretRef } of envFrom) {
    if (configMapRef) Object.assign(found, cluster.one("ConfigMap", configMapRef.name).data);
    if (secretRef) Object.assign(found, cluster.one("Secret", secretRef.name).stringData, secrets);
  }
  for (const { name, value = "", valueFrom } of env)
    found[name] =
      valueFrom?.fieldRef?.fieldPath === "metadata.name"
        ? `${metadata.name}-0`
        : value.replaceAll(/\$\((\w+)\)/g, (_, other: string) => found[other] ?? "");
  return found;
}

/** What the objects name and do not have, a line each. The API server accepts most of it. */
export function danglingNames(cluster: Cluster): string[] {
  const sets = cluster.all("StatefulSet");
  const selectors = [
    ...cluster.all("Service").map(({ metadata, spec }) => ({ metadata, labels: spec.selector })),
    ...cluster
      .all("PodDisruptionBudget")
      .map(({ metadata, spec }) => ({ metadata, labels: spec.selector.matchLabels })),
  ];
  return [
    ...selectors
      .filter(({ labels }) => !sets.some((set) => matches(labels, set)))
      .map(({ metadata }) => `${metadata.name} selects no pod`),
    ...sets.flatMap((set) => ofSet(cluster, set)),
  ];
}

function ofSet(cluster: Cluster, set: StatefulSet): string[] {
  const { metadata, spec } = set;
  const { initContainers = [], containers, volumes = [] } = spec.template.spec;
  const own = [
    !matches(spec.selector.matchLabels, set) && "selects other pods than its own",
    !has(cluster.all("Service"), spec.serviceName) && `no Service ${spec.serviceName}`,
  ];
  const there = [...volumes, ...spec.volumeClaimTemplates.map((each) => each.metadata)];
  const inside = [...initContainers, ...containers].flatMap((container) => [
    ...container.volumeMounts.map(
      ({ name }) => !there.some((each) => each.name === name) && `no volume ${name}`,
    ),
    ...referencedNames(cluster, container),
  ]);
  return [...own, ...inside]
    .filter((each) => each !== false)
    .map((each) => `${metadata.name}: ${each}`);
}

function referencedNames(cluster: Cluster, { envFrom = [], env = [] }: Container) {
  const [maps, secrets] = [cluster.all("ConfigMap"), cluster.all("Secret")];
  return [
    ...envFrom.flatMap(({ configMapRef, secretRef }) => [
      configMapRef && !has(maps, configMapRef.name) && `no ConfigMap ${configMapRef.name}`,
      secretRef && !has(secrets, secretRef.name) && `no Secret ${secretRef.name}`,
    ]),
    ...env.map(({ valueFrom }) => {
      const { name, key } = valueFrom?.secretKeyRef ?? {};
      const secret = secrets.find(({ metadata }) => metadata.name === name);
      return key !== undefined && !(key in (secret?.stringData ?? {})) && `no key ${key}`;
    }),
  ].map((each) => each ?? false);
}

function has(objects: readonly { readonly metadata: Named }[], name: string): boolean {
  return objects.some(({ metadata }) => metadata.name === name);
}

function matches(selector: Labels, { spec }: StatefulSet): boolean {
  const { labels } = spec.template.metadata;
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
