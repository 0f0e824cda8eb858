/** Host and port of one Redis node. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** TLS of a connection to Redis: PEM texts. All absent = the certificates that Node trusts. */
export interface RedisTls {
  /** Certificates of the authority that signed the server's. */
  readonly ca?: string;
  /** Certificate and key of this client. */
  readonly cert?: string;
  readonly key?: string;
}

/** User and password of Redis itself, not of its sentinels. */
export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

/**
 * Where the Redis of a fleet is: a URL or the path of a unix socket, or one of
 *
 * - `server`: a URL with TLS settings of its own,
 * - `sentinel`: sentinels that know the master named `name`,
 * - `cluster`: some nodes of a Redis Cluster.
 *
 * It contains passwords: never log it.
 */
export type RedisAddress =
  | string
  | { readonly kind: "server"; readonly url: string; readonly tls: RedisTls }
  | {
      readonly kind: "sentinel";
      readonly nodes: readonly RedisNode[];
      readonly name: string;
      readonly login: RedisLogin;
      readonly sentinelPassword?: string;
      readonly tls: RedisTls | null;
    }
  | {
      readonly kind: "cluster";
      readonly nodes: readonly RedisNode[];
      readonly login: RedisLogin;
      readonly tls: RedisTls | null;
    };

const NODE =
  /^(?:\[(?<v6>[0-9a-f:.]+(?:%[\w.-]+)?)\]|(?<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))(?::(?<port>\d{1,5}))?$/i;

/**
 * Parses `host:port, [::1]:port, host`; a node without a port gets `port`. Null = not such a list.
 */
export function parseHostPorts(text: string, port: number): readonly RedisNode[] | null {
  const nodes = text.split(",").map((each) => {
    const found = NODE.exec(each.trim())?.groups;
    const [host, number] = [found?.["v6"] ?? found?.["name"], Number(found?.["port"] ?? port)];
    return host !== undefined && number > 0 && number < 65_536 ? { host, port: number } : null;
  });
  const named = nodes.filter((each) => each !== null);
  return named.length === nodes.length ? named : null;
}
