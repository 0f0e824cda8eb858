/** Proxies as people copy them (field fault C5). */
import { maskProxy, parseProxy } from "@flotilla/kernel";
import fc from "fast-check";
import { expect, test } from "vitest";

const SECRET = "00112233445566778899aabbccddeeff";
const FAKE_TLS = `ee${SECRET}${Buffer.from("www.google.com").toString("hex")}`;

test("what is no proxy is refused without being quoted", () => {
  const bad = [
    "",
    "socks5://h",
    "socks5://h:0",
    "socks5://h:99999",
    "socks5://s3cret@h:1:2",
    "socks6://h:1",
    "vmess://s3cret@h:1",
    "socks5://%E0%A4%A@h:1",
    "mtproxy://h:443",
    "mtproxy://s3cret@h:443",
    `mtproxy://${SECRET}@h:0`,
    `mtproxy://ee${SECRET}@h:443`,
    "h:1:s3cret",
    "h:1:ann:s3cret\nh:2:ann:s3cret",
    "2001:db8::1:1080",
    "socks5://2001:db8:0:0:0:0:0:1:1080:ann:s3cret",
    "ann:s3cret:h:port",
    "https://t.me/proxy?server=h&port=443&secret=s3cret",
    "https://t.me/socks?server=&port=443",
  ];
  for (const url of bad) {
    expect(() => parseProxy(url), url).toThrow(expect.objectContaining({ code: "bad-proxy" }));
    expect(() => parseProxy(url)).not.toThrow(/s3cret/);
  }
  expect(() => parseProxy("socks6://h:1")).toThrow(
    /socks5:\/\/user:password@host:port.*http:\/\/.*t\.me\/proxy/,
  );
  expect(() => parseProxy("2001:db8::1:1080")).toThrow("must stand in brackets");
  expect(() => parseProxy("https://h:3128")).toThrow("write http://host:port");
});

const at = (
  kind: string,
  host: string,
  port: number,
  username: string | null = null,
  password: string | null = null,
) => ({
  kind,
  host,
  port,
  username,
  password,
});
const mt = (host: string, more = {}) => ({
  kind: "mtproxy",
  host,
  port: 443,
  secret: SECRET,
  ...more,
});

test.each([
  ["socks5://[::1]:1080", at("socks5", "::1", 1080)],
  ["socks5://ann:p%40ss@h:1", at("socks5", "h", 1, "ann", "p@ss")],
  ["socks5h://h:1080", at("socks5", "h", 1080)],
  ["SOCKS5://h:1080/", at("socks5", "h", 1080)],
  ["socks4a://ann@h:1080", at("socks4", "h", 1080, "ann")],
  ["socks://h:1080", at("socks5", "h", 1080)],
  ["http://h:3128", at("http", "h", 3128)],
  ["http://ann:pass@h:3128/", at("http", "h", 3128, "ann", "pass")],
  ["http://h:3128:ann:pass", at("http", "h", 3128, "ann", "pass")],
  ["1.2.3.4:1080", at("socks5", "1.2.3.4", 1080)],
  ["1.2.3.4:1080:ann:p@ss", at("socks5", "1.2.3.4", 1080, "ann", "p@ss")],
  ["1.2.3.4:1080:ann:p%40:x", at("socks5", "1.2.3.4", 1080, "ann", "p%40:x")],
  ["ann:pass:proxy.example:1080", at("socks5", "proxy.example", 1080, "ann", "pass")],
  ["ann:pass@1.2.3.4:1080", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["1.2.3.4:1080@ann:pass", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["[2001:db8::1]:1080:ann:pass", at("socks5", "2001:db8::1", 1080, "ann", "pass")],
  ["1.2.3.4\t1080\tann\tpass", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["  `socks5://h:1080`\n", at("socks5", "h", 1080)],
  ["\u202Asocks5://h:1080\u202C", at("socks5", "h", 1080)],
  ["“http://h:3128”", at("http", "h", 3128)],
  ["tg://socks?server=h&port=1&user=a&pass=b", at("socks5", "h", 1, "a", "b")],
  ["t.me/socks?server=h&port=1", at("socks5", "h", 1)],
  ["1.2.3.4|1080|ann|pass", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["1.2.3.4;1080;ann;pass", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["1.2.3.4, 1080, ann, pass", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["1.2.3.4:1080|ann|pass", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["socks5|1.2.3.4|1080", at("socks5", "1.2.3.4", 1080)],
  ["1.2.3.4\n1080\nann\npass", at("socks5", "1.2.3.4", 1080, "ann", "pass")],
  ["SOCKS5 1.2.3.4:1080", at("socks5", "1.2.3.4", 1080)],
  ["http:1.2.3.4:8080:ann:pass", at("http", "1.2.3.4", 8080, "ann", "pass")],
  ["h : 1080 : ann : pass", at("socks5", "h", 1080, "ann", "pass")],
  ["h:1080:ann:pa|12", at("socks5", "h", 1080, "ann", "pa|12")],
  ["h:1080:ann:pass;", at("socks5", "h", 1080, "ann", "pass;")],
  ["http://h:3128:ann:12#34", at("http", "h", 3128, "ann", "12#34")],
  ["socks5://ann:100%@h:1080", at("socks5", "h", 1080, "ann", "100%")],
  ["socks5://h:1080,", at("socks5", "h", 1080)],
  ["socks5://ann:pass@h:1080#my%20proxy", at("socks5", "h", 1080, "ann", "pass")],
  ['export ALL_PROXY="socks5://h:1080"', at("socks5", "h", 1080)],
  ["TELEGRAM_PROXY = http://h:3128", at("http", "h", 3128)],
  [
    "Host: 1.2.3.4\nPort: 1080\nUsername: ann\nPassword: pass",
    at("socks5", "1.2.3.4", 1080, "ann", "pass"),
  ],
  ["t.me/socks?server=[2001:db8::1]&port=1080", at("socks5", "2001:db8::1", 1080)],
  [`🔹 Server: h\n🔹 Port: 443\n🔹 Secret: ${SECRET}`, mt("h")],
  [`Сервер: h\nПорт: 443\nКлюч: ${SECRET}`, mt("h")],
  [`[Proxy](https://t.me/proxy?server=h&port=443&secret=${SECRET})`, mt("h")],
  [`https://t.me/proxy?server=h&port=443&secret=${SECRET}#name`, mt("h")],
  [`mtproxy://h:443?secret=${SECRET}`, mt("h")],
  [`mtproto://h:443/${SECRET}`, mt("h")],
  [`mtproxy://dd${SECRET}@h:443`, mt("h")],
  [`mtproxy://h:443:${SECRET}`, mt("h")],
  [`h:443:${SECRET.toUpperCase()}`, mt("h")],
  [`https://t.me/proxy?server=1.2.3.4&port=443&secret=${SECRET}`, mt("1.2.3.4")],
  [`https://telegram.me/proxy?server=1.2.3.4&amp;port=443&amp;secret=${SECRET}`, mt("1.2.3.4")],
  [
    `tg://proxy?server=h&port=443&secret=${Buffer.from(`dd${SECRET}`, "hex").toString("base64url")}`,
    mt("h"),
  ],
  [`mtproxy://${FAKE_TLS}@h:443`, mt("h", { domain: "www.google.com" })],
  [
    `https://t.me/proxy?server=h&port=443&secret=${Buffer.from(FAKE_TLS, "hex").toString("base64url")}`,
    mt("h", { domain: "www.google.com" }),
  ],
])("%s", (text, route) => {
  expect(parseProxy(text)).toEqual(route);
});

test("what is shown has the way, and nothing else; anything at all is taken or refused, never more", () => {
  const word = fc.stringMatching(/^[a-z]{6,12}$/);
  fc.assert(
    fc.property(word, word, (user, password) => {
      for (const text of [
        `socks5://${user}:${password}@proxy.example:1080`,
        `proxy.example:1080:${user}:${password}`,
      ])
        expect(maskProxy(parseProxy(text))).toBe("socks5://•••@proxy.example:1080");
    }),
  );
  expect(maskProxy(parseProxy(`mtproxy://${SECRET}@h:443`))).toBe("mtproxy://•••@h:443");
  expect(maskProxy(parseProxy("socks4://[::1]:1"))).toBe("socks4://[::1]:1");
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        parseProxy(text);
      } catch (error) {
        expect(error).toMatchObject({ code: "bad-proxy" });
      }
    }),
  );
});
