import path from "node:path";
import { parseSync, Visitor } from "oxc-parser";

/** How a document of the checkout finds the files that it names. Paths are from the root. */
export interface Checkout {
  /** True for a file or a folder. */
  readonly isThere: (path: string) => boolean;
  /** The text of a file that is there. */
  readonly read: (path: string) => string;
}

const LINK = /\]\(([^)\s]+)\)/g;
const CODE = /`([^`\n]+)`/g;
const PATH = /^(?:apps|packages|tests|docs|bench)\/[\w.@/-]+$/;
const NAME = /^#?[A-Za-z_][\w.-]*$/;

/** Relative links, their headings, and paths in backticks, that lead to nothing. */
export function deadPaths(file: string, text: string, checkout: Checkout): string[] {
  return text.split("\n").flatMap((line, index) => {
    const links = [...line.matchAll(LINK)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^[a-z]+:/.test(target));
    const named = [...line.matchAll(CODE)].map(([, code = ""]) => code);
    const dead = [
      ...links.filter((target) => !leadsTo(file, text, target, checkout)),
      ...named.filter((code) => PATH.test(code) && !checkout.isThere(code)),
    ];
    return dead.map((target) => `${file}:${index + 1} names ${target}, which is not there`);
  });
}

function leadsTo(file: string, text: string, target: string, checkout: Checkout): boolean {
  const [name = "", heading] = target.split("#");
  const to = path.posix.join(path.posix.dirname(file), name);
  if (name !== "" && !checkout.isThere(to)) return false;
  if (heading === undefined) return true;
  return headings(name === "" ? text : checkout.read(to)).includes(heading);
}

/** Headings of a Markdown text, as links name them. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/**
 * What is wrong with a tour: each step is a numbered line with links to source files, and each name
 * in backticks after a link is declared or used in that file. Comments do not count.
 */
export function lostSteps(file: string, text: string, checkout: Checkout): string[] {
  return text.split("\n").flatMap((line, index) => {
    if (!/^\d+\. /.test(line)) return [];
    const at = `${file}:${index + 1}`;
    const [, ...stops] = line.split(/(?=\]\([^)\s]+\))/);
    if (stops.length === 0) return [`${at} has no link to a file`];
    return stops.flatMap((stop) => lostNames(at, file, stop, checkout));
  });
}

/** `stop` is a step from the end of one link's text to that of the next one. */
function lostNames(at: string, file: string, stop: string, checkout: Checkout): string[] {
  const target = /^\]\(([^)\s]+)\)/.exec(stop)?.[1] ?? "";
  const source = path.posix.join(path.posix.dirname(file), target);
  if (!checkout.isThere(source)) return [`${at} names ${source}, which is not there`];
  const names = [...stop.slice(target.length + 3).matchAll(CODE)].map(([, code = ""]) => code);
  if (names.length === 0) return [`${at} names nothing in ${source}`];
  const known = namesIn(source, checkout.read(source));
  return names
    .filter((name) => !NAME.test(name) || !known.has(name))
    .map((name) => `${at} names ${name}, which is not in ${source}`);
}

/** Every identifier, private name and string of a source file. */
export function namesIn(file: string, text: string): ReadonlySet<string> {
  const names = new Set<string>();
  new Visitor({
    Identifier: ({ name }) => void names.add(name),
    PrivateIdentifier: ({ name }) => void names.add(`#${name}`),
    Literal: ({ value }) => {
      if (typeof value === "string") names.add(value);
    },
  }).visit(parseSync(file, text).program);
  return names;
}
