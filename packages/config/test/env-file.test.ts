import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  childEnv,
  ENV,
  type EnvName,
  PASSED_ON,
  parseConfig,
  readEnv,
  readProcessEnv,
  redisProgram,
  ruleProblems,
} from "@flotilla/config";
import { AppError } from "@flotilla/kernel";
import { testDir } from "@flotilla/testkit";
import { beforeEach, describe, expect, test, vi } from "vitest";

beforeEach(() => {
  for (const name of Object.keys(ENV) as EnvName[]) vi.stubEnv(name, undefined);
});

async function folderWith(content: string | Buffer): Promise<string> {
  const dir = await testDir();
  writeFileSync(join(dir, ".env"), content);
  return dir;
}

function refusal(dir: string): AppError {
  try {
    readEnv(dir);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("the file was read");
}

describe("the file .env", () => {
  test("may be absent", async () => {
    expect(readEnv(await testDir())).toEqual({});
  });

  test(
    "gives values, quoted or not, with comments and Windows line ends, and an empty one is not " +
      "set",
    async () => {
      const dir = await folderWith(
        `# hello\r\nBOT_TOKEN="1:a"\r\nexport API_ID=5 # five\r\nAPI_HASH=\r\nADMIN_IDS='1, 2'\r\n`,
      );
      expect(readEnv(dir)).toEqual({ BOT_TOKEN: "1:a", API_ID: "5", ADMIN_IDS: "1, 2" });
    },
  );

  test("may begin with a byte order mark, as editors on Windows write it", async () => {
    expect(readEnv(await folderWith("\uFEFFBOT_TOKEN=1:a\nAPI_ID=5\n"))).toEqual({
      BOT_TOKEN: "1:a",
      API_ID: "5",
    });
  });

  test("gives way to the environment, but not to an empty value of it", async () => {
    const dir = await folderWith("LOG_LEVEL=debug\nHTTP_PORT=1\n");
    vi.stubEnv("LOG_LEVEL", "warn");
    vi.stubEnv("HTTP_PORT", "");
    expect(readEnv(dir)).toEqual({ LOG_LEVEL: "warn", HTTP_PORT: "1" });
  });

  test("brings in no name that is not in the table", async () => {
    expect(
      readEnv(await folderWith("NODE_OPTIONS=--inspect\nPATH=x\n__proto__=x\nLOG_LEVEL=info\n")),
    ).toEqual({
      LOG_LEVEL: "info",
    });
  });

  test("is refused with the remedy when it is a folder", async () => {
    const dir = await testDir();
    mkdirSync(join(dir, ".env"));
    const error = refusal(dir);
    expect(error.code).toBe("env-unreadable");
    expect(error.message).toMatch(
      /\.env cannot be read \(EISDIR\)\. Make it a text file .*or remove it/,
    );
  });

  test("is refused with the remedy when it points at itself", async () => {
    const dir = await testDir();
    symlinkSync(".env", join(dir, ".env"));
    expect(refusal(dir).message).toMatch(/cannot be read \(ELOOP\).*remove it/);
  });

  test.skipIf(process.getuid?.() === 0)(
    "is refused with the remedy when this user may not read it",
    async () => {
      const dir = await folderWith("LOG_LEVEL=info\n");
      chmodSync(join(dir, ".env"), 0o000);
      expect(refusal(dir).message).toMatch(/cannot be read \(EACCES\).*chmod 600 \.env/);
    },
  );

  test.each([
    ["with zero bytes", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1])],
    ["in UTF-16", Buffer.from("\uFEFFBOT_TOKEN=1:a\n", "utf16le")],
  ])("is refused with the remedy when it is binary, %s", async (_how, bytes) => {
    const error = refusal(await folderWith(bytes));
    expect(error.code).toBe("env-unreadable");
    expect(error.message).toMatch(/not a text file.*\.env\.example/);
  });
});

describe("a child process", () => {
  test("gets what it is given and the few variables that programs need, and nothing else", () => {
    vi.stubEnv("BOT_TOKEN", "1:leaked");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "leaked");
    vi.stubEnv("LD_PRELOAD", "leaked");
    vi.stubEnv("TZ", "UTC");
    const env = childEnv({ LOG_LEVEL: "info", REDIS_URL: undefined });
    expect(env).toMatchObject({ LOG_LEVEL: "info", TZ: "UTC" });
    expect(Object.values(env)).not.toContain("leaked");
    const known = [...PASSED_ON, "LOG_LEVEL"];
    expect(Object.keys(env).filter((name) => !known.includes(name))).toEqual([]);
  });
});

test("the environment of this process gives the names of the table only", () => {
  vi.stubEnv("API_ID", "5");
  vi.stubEnv("NOT_OURS", "x");
  expect(readProcessEnv()).toEqual({ API_ID: "5" });
});

test("the launcher's Redis is named by a variable of its own, and an empty one names none", () => {
  vi.stubEnv("FLOTILLA_REDIS_SERVER", "/opt/redis-server");
  expect(redisProgram()).toBe("/opt/redis-server");
  vi.stubEnv("FLOTILLA_REDIS_SERVER", "");
  expect(redisProgram()).toBeNull();
});

describe("pasted values (field fault C1)", () => {
  test.each([
    ["ADMIN_IDS", "\u202A7771234\u202C, ٧٧٨", "7771234, 778"],
    ["API_ID", "\u200B12345\u00A0", "12345"],
    ["RESTART_DELAY_S", "３０\u00A0", "30"],
    ["LOG_LEVEL", "Debug", "debug"],
    ["HOSTS", "“SEVERAL”", "several"],
    ["REDIS_URL", "\u200Bredis://:p–w@h:1\u00A0", "redis://:p–w@h:1"],
    ["TELEGRAM_PROXY", "\uFEFFsocks5://ann:p–w@h:1", "socks5://ann:p–w@h:1"],
    ["API_HASH", "“0123456789abcdef0123456789abcdef”", "0123456789abcdef0123456789abcdef"],
    [
      "BOT_TOKEN",
      "`123456789:AAAAAAAAAAAAAAAAAAAAA-BBBBBBBBBBBBB`",
      "123456789:AAAAAAAAAAAAAAAAAAAAA-BBBBBBBBBBBBB",
    ],
  ] as const)("%s is read without what is around it", async (name, pasted, meant) => {
    const dir = await testDir();
    vi.stubEnv(name, undefined);
    writeFileSync(join(dir, ".env"), `${name}=${pasted}\n`);
    expect(readEnv(dir)[name]).toBe(meant);
    expect(ruleProblems(readEnv(dir))).toEqual([]);
    vi.stubEnv(name, pasted);
    expect(readProcessEnv()[name]).toBe(meant);
  });

  test.each([
    ["DATA_DIR", "~/flotilla"],
    ["DATA_DIR", "$HOME/flotilla"],
    ["MTPROTO_DC_KEY", "~/dc.pem"],
  ])("%s=%s is refused: only a shell knows what it means", (name, value) => {
    expect(ruleProblems({ [name]: value })).toEqual([
      expect.stringContaining(`${name} must be a path without ~ or $`),
    ]);
  });

  test("a path and a password stay letter by letter", async () => {
    const dir = await testDir();
    writeFileSync(join(dir, ".env"), "DATA_DIR=داده\u200Cها – ۱\nREDIS_URL=redis://:p–w٢@h:1\n");
    for (const name of ["DATA_DIR", "REDIS_URL"]) vi.stubEnv(name, undefined);
    expect(readEnv(dir)).toMatchObject({
      DATA_DIR: "داده\u200Cها – ۱",
      REDIS_URL: "redis://:p–w٢@h:1",
    });
  });

  test.each([
    ["TELEGRAM_PROXY", "1.2.3.4:1080:ann:pass"],
    [
      "TELEGRAM_PROXY",
      "https://t.me/proxy?server=h&port=443&secret=00112233445566778899aabbccddeeff",
    ],
    ["TELEGRAM_PROXY", "socks5h://h:1"],
    ["BOT_PROXY", "http://h:3128"],
    ["BOT_PROXY", "direct"],
  ] as const)("%s=%s is a proxy", (name, value) => {
    expect(ruleProblems({ [name]: value })).toEqual([]);
  });

  test.each([
    [
      "TELEGRAM_PROXY",
      "https://h:1",
      "TELEGRAM_PROXY cannot be used: A proxy that is reached by https:// cannot be used.",
    ],
    ["TELEGRAM_PROXY", "vmess://s3cret@h:1", "TELEGRAM_PROXY must be socks5://"],
    [
      "BOT_PROXY",
      "mtproxy://00112233445566778899aabbccddeeff@h:1",
      "BOT_PROXY must be a SOCKS or HTTP proxy",
    ],
  ] as const)("%s=%s is refused with what is wanted, and not quoted", (name, value, words) => {
    const [problem] = ruleProblems({ [name]: value });
    expect(problem).toContain(words);
    expect(problem).not.toContain("s3cret");
  });

  test("an MTProxy carries no Bot API: the bot must have a proxy of its own", () => {
    const values = {
      BOT_TOKEN: `1:${"A".repeat(35)}`,
      API_ID: "1",
      API_HASH: "0".repeat(32),
      ADMIN_IDS: "1",
    };
    const env = { ...values, TELEGRAM_PROXY: "mtproxy://00112233445566778899aabbccddeeff@h:1" };
    const config = (more: object) =>
      parseConfig({ ...env, ...more }, { cwd: "/", role: "fleet" }).botProxy?.reveal() ?? null;
    expect(() => config({})).toThrow("BOT_PROXY is not set, and TELEGRAM_PROXY is an MTProxy");
    expect(config({ BOT_PROXY: "direct" })).toBeNull();
    expect(config({ BOT_PROXY: "http://h:1" })).toBe("http://h:1");
    expect(config({ TELEGRAM_PROXY: "socks5://h:2" })).toBe("socks5://h:2");
    expect(
      config({ TELEGRAM_PROXY: "socks5://h:2", BOT_API_ROOT: "http://127.0.0.1:8081" }),
    ).toBeNull();
  });
});
