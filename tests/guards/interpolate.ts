/**
 * Values of `.env` put into a compose file, as compose does it: `${A}`, `${A:-default}`,
 * `${A:?message}`, `${A:+instead}`, nested, and `$$` for a dollar
 * (https://docs.docker.com/reference/compose-file/interpolation/). Throws an Error with the name
 * and the message of what is missing.
 */
export function interpolate(
  value: unknown,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (typeof value === "string") return inText(value, env);
  if (Array.isArray(value)) return value.map((each) => interpolate(each, env));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, interpolate(each, env)]),
  );
}

function inText(text: string, env: Readonly<Record<string, string | undefined>>): string {
  let out = "";
  for (let at = 0; at < text.length; ) {
    if (text.startsWith("$$", at)) {
      out += "$";
      at += 2;
    } else if (text.startsWith("${", at)) {
      const end = closing(text, at + 2);
      out += substituted(text.slice(at + 2, end), env);
      at = end + 1;
    } else {
      out += text[at] ?? "";
      at += 1;
    }
  }
  return out;
}

/** Where the brace closes that was opened before `from`. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text.startsWith("${", at)) depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`an open brace: ${text}`);
}

/** What is not used is not looked at: a default may want values of its own. */
function substituted(inside: string, env: Readonly<Record<string, string | undefined>>): string {
  const [, name = "", operator, rest = ""] = /^(\w+)(?:(:[-?+])([\s\S]*))?$/.exec(inside) ?? [];
  const value = env[name] ?? "";
  if (name === "") throw new Error(`not understood: ${inside}`);
  if (operator === ":+") return value === "" ? "" : inText(rest, env);
  if (value !== "" || operator === undefined) return value;
  if (operator === ":?") throw new Error(`${name}: ${rest}`);
  return inText(rest, env);
}
