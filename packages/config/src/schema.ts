import { parseHostPorts, parseProxy, toError } from "@flotilla/kernel";
import { z } from "zod";

/** One environment variable: its rule, and its example in `.env.example`. */
export interface EnvEntry {
  readonly schema: z.ZodType<string | undefined>;
  readonly secret: boolean;
  /** Required against Telegram; the sandbox sets its own value. */
  readonly required: boolean;
  readonly example: string;
}

const text = (pattern: RegExp, rule: string): z.ZodType<string | undefined> =>
  z.string().regex(pattern, rule).optional();
/** A shell would have made a folder of them; here they would be its name. */
const path = (rule: string): z.ZodType<string | undefined> =>
  z
    .string()
    .min(1, rule)
    .regex(/^(?![~$])/, "must be a path without ~ or $ at its beginning: write it out")
    .optional();
const nodes = (): z.ZodType<string | undefined> =>
  checked((value) =>
    parseHostPorts(value, 1) ? null : "must be host:port, separated by commas (IPv6 in brackets)",
  );
const port = (): z.ZodType<string | undefined> =>
  z
    .string()
    .refine(
      (value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535,
      "must be a port number from 0 to 65535 (0 = any free port)",
    )
    .optional();

/** The reason of `parseProxy`, rewritten to follow the variable's name. */
function proxyProblem(value: string): string | null {
  try {
    parseProxy(value);
    return null;
  } catch (error) {
    return toError(error)
      .message.replace(/^The proxy must be /, "must be ")
      .replace(/^(?!must)/, "cannot be used: ")
      .replace(/\.$/, "");
  }
}

function checked(problemOf: (value: string) => string | null): z.ZodType<string | undefined> {
  const rule = (value: string, context: z.core.$RefinementCtx<string>): void => {
    const message = problemOf(value);
    if (message !== null) context.addIssue({ code: "custom", message });
  };
  return z.string().superRefine(rule).optional();
}

const proxy = (): z.ZodType<string | undefined> => checked(proxyProblem);

/** Refuses an MTProxy: it carries MTProto only, and the Bot API is HTTPS. */
const botProxy = (): z.ZodType<string | undefined> =>
  checked((value) => {
    if (value.toLowerCase() === "direct") return null;
    const problem = proxyProblem(value);
    return (
      problem ??
      (parseProxy(value).kind === "mtproxy"
        ? "must be a SOCKS or HTTP proxy: an MTProxy carries no Bot API"
        : null)
    );
  });

/**
 * Every environment variable that Flotilla reads. A test compares `.env.example` with this table.
 */
export const ENV = {
  BOT_TOKEN: {
    schema: text(/^\d+:[A-Za-z0-9_-]{20,}$/, "must look like 123456789:AbC… (from @BotFather)"),
    secret: true,
    required: true,
    example: "",
  },
  API_ID: {
    schema: text(/^[1-9]\d{0,9}$/, "must be the number from my.telegram.org"),
    secret: false,
    required: true,
    example: "",
  },
  API_HASH: {
    schema: text(/^[0-9a-f]{32}$/i, "must be the 32 hexadecimal characters from my.telegram.org"),
    secret: true,
    required: true,
    example: "",
  },
  ADMIN_IDS: {
    schema: text(
      /^\s*[1-9]\d{0,15}(\s*,\s*[1-9]\d{0,15})*\s*$/,
      "must be numeric Telegram user ids, separated by commas",
    ),
    secret: false,
    required: true,
    example: "",
  },
  REDIS_URL: {
    schema: text(
      /^(rediss?:\/\/\S+|\/[^\0\n\r]+)$/,
      "must be redis://…, rediss://… or the path of a unix socket",
    ),
    secret: true,
    required: false,
    example: "",
  },
  REDIS_SENTINELS: {
    schema: nodes(),
    secret: false,
    required: false,
    example: "",
  },
  REDIS_SENTINEL_NAME: {
    schema: text(/^[\w.-]{1,128}$/, "must be a name of letters, digits, . _ and -"),
    secret: false,
    required: false,
    example: "",
  },
  REDIS_SENTINEL_PASSWORD: {
    schema: z.string().optional(),
    secret: true,
    required: false,
    example: "",
  },
  REDIS_CLUSTER: {
    schema: nodes(),
    secret: false,
    required: false,
    example: "",
  },
  REDIS_USERNAME: {
    schema: z.string().optional(),
    secret: false,
    required: false,
    example: "",
  },
  REDIS_PASSWORD: {
    schema: z.string().optional(),
    secret: true,
    required: false,
    example: "",
  },
  REDIS_TLS: {
    schema: text(/^(on|off)$/, "must be on or off"),
    secret: false,
    required: false,
    example: "",
  },
  REDIS_TLS_CA: {
    schema: path("must be a PEM file"),
    secret: false,
    required: false,
    example: "",
  },
  REDIS_TLS_CERT: {
    schema: path("must be a PEM file"),
    secret: false,
    required: false,
    example: "",
  },
  REDIS_TLS_KEY: {
    schema: path("must be a PEM file"),
    secret: false,
    required: false,
    example: "",
  },
  DATA_DIR: { schema: path("must be a folder"), secret: false, required: false, example: "data" },
  FLEET_KEY: {
    schema: text(
      /^([0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/i,
      "must be 32 bytes as 64 hexadecimal characters or as base64",
    ),
    secret: true,
    required: false,
    example: "",
  },
  HOST_ID: {
    schema: text(/^[a-z][a-z0-9_-]{0,31}$/, "must be 1 to 32 characters of a-z, 0-9, _ and -"),
    secret: false,
    required: false,
    example: "",
  },
  HOST_URL: {
    schema: z
      .url({ protocol: /^https?$/, error: "must be an http or https address" })
      .regex(/^https?:\/\/[^/@?#]+\/?$/, "must be an address without a path, user or password")
      .optional(),
    secret: false,
    required: false,
    example: "",
  },
  HOST_LISTEN: {
    schema: checked((value) =>
      parseHostPorts(value, 0)?.length === 1 ? null : "must be address:port of this machine",
    ),
    secret: false,
    required: false,
    example: "",
  },
  OWNER_DIR: {
    schema: text(/^\//, "must be the full path of a folder"),
    secret: false,
    required: false,
    example: "",
  },
  LOG_LEVEL: {
    schema: text(/^(trace|debug|info|warn|error)$/, "must be trace, debug, info, warn or error"),
    secret: false,
    required: false,
    example: "info",
  },
  HTTP_PORT: { schema: port(), secret: false, required: false, example: "8481" },
  RESTART_DELAY_S: {
    schema: text(/^\d{1,4}(\.\d{1,3})?$/, "must be a number of seconds"),
    secret: false,
    required: false,
    example: "30",
  },
  RESTART_LIMIT: {
    schema: text(/^([1-9]|[1-9]\d)$/, "must be a number from 1 to 99"),
    secret: false,
    required: false,
    example: "5",
  },
  RESTART_WINDOW_S: {
    schema: text(/^[1-9]\d{0,5}$/, "must be a number of seconds"),
    secret: false,
    required: false,
    example: "600",
  },
  LOCK_DELAYS_S: {
    schema: text(
      /^\d{1,4}(\s*,\s*\d{1,4}){0,9}$/,
      "must be one or more numbers of seconds, separated by commas",
    ),
    secret: false,
    required: false,
    example: "60,120",
  },
  START_SPACING_S: {
    schema: text(/^\d{1,3}(\.\d{1,3})?$/, "must be a number of seconds"),
    secret: false,
    required: false,
    example: "5",
  },
  CONFIRM_END_S: {
    schema: text(/^\d{1,4}$/, "must be a number of seconds"),
    secret: false,
    required: false,
    example: "120",
  },
  WORKER_MEMORY_MB: {
    schema: text(/^[1-9]\d{1,5}$/, "must be a number of megabytes, 10 or more"),
    secret: false,
    required: false,
    example: "512",
  },
  HOSTS: {
    schema: text(/^(one|several)$/, "must be one or several"),
    secret: false,
    required: false,
    example: "one",
  },
  HOST_LABELS: {
    schema: text(
      /^[a-z0-9_-]{1,32}(\s*,\s*[a-z0-9_-]{1,32}){0,19}$/,
      "must be words of a-z, 0-9, _ and -, separated by commas, 20 at most",
    ),
    secret: false,
    required: false,
    example: "",
  },
  LOCAL_ADDRESS: {
    schema: z.union([z.ipv4(), z.ipv6()], "must be an IP address of this machine").optional(),
    secret: false,
    required: false,
    example: "",
  },
  SENDS_PER_MINUTE: {
    schema: text(/^[1-9]\d{0,5}$/, "must be a whole number of messages, 1 or more"),
    secret: false,
    required: false,
    example: "20",
  },
  BACKUP_DIR: { schema: path("must be a folder"), secret: false, required: false, example: "" },
  BACKUP_EVERY_H: {
    schema: text(/^\d{1,4}$/, "must be a whole number of hours, 0 for never"),
    secret: false,
    required: false,
    example: "24",
  },
  BACKUP_KEEP: {
    schema: text(/^[1-9]\d{0,3}$/, "must be a whole number of archives, 1 or more"),
    secret: false,
    required: false,
    example: "7",
  },
  BACKUP_COMMAND: {
    schema: text(
      /^[\w./"'][^\0\n\r]*$/,
      "must be one line that begins with a program or its full path",
    ),
    secret: true,
    required: false,
    example: "",
  },
  ALERT_HOLD_S: {
    schema: text(/^\d{1,4}(\.\d{1,3})?$/, "must be a number of seconds"),
    secret: false,
    required: false,
    example: "30",
  },
  ALERT_WEBHOOK_URL: {
    schema: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
    secret: true,
    required: false,
    example: "",
  },
  ALERT_SMTP_URL: {
    schema: text(/^smtps?:\/\/\S+$/, "must be smtp://user:password@host:port or smtps://…"),
    secret: true,
    required: false,
    example: "",
  },
  ALERT_EMAIL_TO: {
    schema: text(/^[\w.+-]+@[\w-]+(\.[\w-]+)*$/, "must be one e-mail address"),
    secret: false,
    required: false,
    example: "",
  },
  DEAD_MAN_URL: {
    schema: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
    secret: true,
    required: false,
    example: "",
  },
  BOT_API_ROOT: {
    schema: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
    secret: false,
    required: false,
    example: "",
  },
  BOT_PROXY: { schema: botProxy(), secret: true, required: false, example: "" },
  TELEGRAM_PROXY: {
    schema: proxy(),
    secret: true,
    required: false,
    example: "",
  },
  MTPROTO_DC: {
    schema: z
      .string()
      .refine(
        (value) =>
          /^\S+:[1-9]\d{0,4}$/.test(value) &&
          Number(value.slice(value.lastIndexOf(":") + 1)) <= 65_535,
        {
          error: "must be host:port, with a port from 1 to 65535",
        },
      )
      .optional(),
    secret: false,
    required: false,
    example: "",
  },
  MTPROTO_DC_KEY: {
    schema: path("must be the path of a PEM file"),
    secret: false,
    required: false,
    example: "",
  },
  SANDBOX_PORT: { schema: port(), secret: false, required: false, example: "8480" },
} as const satisfies Record<string, EnvEntry>;

/** Name of an environment variable in {@link ENV}. */
export type EnvName = keyof typeof ENV;
/** Raw values by name; an empty string counts as not set. */
export type EnvValues = { readonly [Name in EnvName]?: string | undefined };
