import { maskProxy, parseProxy } from "@flotilla/domain";
import fc from "fast-check";
import { expect, test } from "vitest";

const SECRET = "00112233445566778899aabbccddeeff";

test("what is no proxy is refused without being quoted", () => {
  const bad = [
    "",
    "http://h:1",
    "socks5://h",
    "socks5://h:0",
    "socks5://h:99999",
    "socks5://s3cret@h:1:2",
    "socks6://h:1",
    "socks5://%E0%A4%A@h:1",
    "mtproxy://h:443",
    "mtproxy://s3cret@h:443",
    `mtproxy://${SECRET}@h:0`,
    `mtproxy://ee${SECRET}676f6f676c65@h:443`,
    "https://t.me/proxy?server=h&port=443&secret=s3cret",
    "https://t.me/socks?server=&port=443",
  ];
  for (const url of bad) {
    expect(() => parseProxy(url), url).toThrow(expect.objectContaining({ code: "bad-proxy" }));
    expect(() => parseProxy(url)).not.toThrow(/s3cret/);
  }
});

test.each([
  ["socks5://[::1]:1080", { kind: "socks5", host: "::1", port: 1080, username: null, password: null }],
  ["socks5://ann:p%40ss@h:1", { kind: "socks5", host: "h", port: 1, username: "ann", password: "p@ss" }],
  ["tg://socks?server=h&port=1&user=a&pass=b", { kind: "socks5", host: "h", port: 1, username: "a", password: "b" }],
  [`mtproxy://dd${SECRET}@h:443`, { kind: "mtproxy", host: "h", port: 443, secret: SECRET }],
  [
    `https://t.me/proxy?server=1.2.3.4&port=443&secret=${SECRET}`,
    { kind: "mtproxy", host: "1.2.3.4", port: 443, secret: SECRET },
  ],
  [
    `tg://proxy?server=h&port=443&secret=${Buffer.from(`dd${SECRET}`, "hex").toString("base64url")}`,
    { kind: "mtproxy", host: "h", port: 443, secret: SECRET },
  ],
])("%s", (text, route) => {
  expect(parseProxy(text)).toEqual(route);
});

test("what is shown has the way, and nothing else; anything at all is taken or refused, never more", () => {
  const word = fc.stringMatching(/^[a-z]{6,12}$/);
  fc.assert(
    fc.property(word, word, (user, password) => {
      const shown = maskProxy(parseProxy(`socks5://${user}:${password}@proxy.example:1080`));
      expect(shown).toBe("socks5://•••@proxy.example:1080");
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
