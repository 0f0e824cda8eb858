import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type BotAnswer,
  type BotRequest,
  type Route,
  RouteFile,
  RouteId,
} from "@flotilla/contracts";
import { AppError, toError } from "@flotilla/kernel";
import { diffRoutes, type RouteDiff, validateRoutes, webhookSecret } from "@flotilla/relay";
import { parse, stringify } from "yaml";
import { fleetOnRedis } from "../place/fleet-place.ts";
import type { Place } from "../place/place.ts";
import { chatsAsText, quoteHint } from "./route-numbers.ts";
import { type Answer, type Call, noMoreThan, type Verb, WrongUsage, word } from "./verb.ts";

const USAGE = `Usage: flotilla routes apply <file> [--json]
       flotilla routes diff <file> [--json]
       flotilla routes export [--json]
       flotilla routes secret <route> [--json]

Relay routes from and to a file, YAML or JSON. docs/routes.schema.json describes the file, docs/relays.md has examples.

  apply    makes the routes of the file the routes of the fleet; an error in the file changes nothing
  diff     says what apply would do, and changes nothing. Exit code 1 when there is a difference
  export   writes the routes of the fleet as YAML
  secret   shows the secret that signs a route's webhook calls

The bot keeps the routes and must run.
`;

/** Longest wait for the bot, which answers within milliseconds. */
const ANSWER_MS = 10_000;

export const routesVerb: Verb = {
  name: "routes",
  usage: USAGE,
  options: {},
  async run(call): Promise<Answer> {
    const what = word(call, 0, "what to do: apply, diff, export or secret");
    switch (what) {
      case "apply":
        return await apply(call);
      case "diff":
        return await diff(call);
      case "export":
        return await exportRoutes(call);
      case "secret":
        return secret(call);
      default:
        throw new WrongUsage(`There is no "routes ${what.slice(0, 20)}".`);
    }
  },
};

async function apply(call: Call): Promise<Answer> {
  const file = readRoutes(call);
  const answer = await ask(call.place, { v: 1, kind: "routes.apply", file });
  if (answer.kind === "refused") throw refused(answer.problems);
  if (answer.kind !== "applied") throw unexpected();
  const { added, changed, removed, notes = [] } = answer;
  const text = `${file.routes.length} routes: ${added} new, ${changed} changed, ${removed} removed.\n`;
  const looks = notes
    .map(({ route, field, message }) => `  ⚠️ ${route}, ${field}: ${message}\n`)
    .join("");
  return { exitCode: 0, text: `${text}${looks}`, data: { added, changed, removed, notes } };
}

async function diff(call: Call): Promise<Answer> {
  const file = readRoutes(call);
  const found = diffRoutes(await current(call.place), file.routes);
  const lines = describe(found);
  const same = lines.length === 0;
  const data = {
    added: found.added.map(({ id }) => id),
    changed: found.changed.map(({ after }) => after.id),
    removed: found.removed.map(({ id }) => id),
  };
  return {
    exitCode: same ? 0 : 1,
    text: same ? "No difference.\n" : `${lines.join("\n")}\n`,
    data,
  };
}

async function exportRoutes(call: Call): Promise<Answer> {
  noMoreThan(call, 1);
  const file: RouteFile = { version: 1, routes: await current(call.place) };
  return { exitCode: 0, text: stringify(file), data: { ...file } };
}

function secret(call: Call): Answer {
  noMoreThan(call, 2);
  const route = RouteId.safeParse(word(call, 1, "which route"));
  if (!route.success) throw new WrongUsage("That is not the name of a route.");
  const key = webhookSecret(call.place.fleetKey(), route.data);
  return { exitCode: 0, text: `${key}\n`, data: { route: route.data, secret: key } };
}

/** Throws AppError `route-file` with every problem in it. */
function readRoutes(call: Call): RouteFile {
  noMoreThan(call, 2);
  const path = resolve(call.place.cwd, word(call, 1, "which file"));
  const content = chatsAsText(load(path));
  const parsed = RouteFile.safeParse(content);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path: at, message, code }) =>
        `  ${at.join(".") || "file"}: ${message}${code === "invalid_type" ? quoteHint(content, at) : ""}`,
    );
    throw new AppError("route-file", `${path} is not a file of routes:\n${problems.join("\n")}`);
  }
  const problems = validateRoutes(parsed.data.routes);
  if (problems.length > 0) throw refused(problems);
  return parsed.data;
}

function load(path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new AppError("route-file", `${path} cannot be read: ${toError(error).message}`, {
      cause: error,
    });
  }
}

function refused(
  problems: readonly { readonly route: string; readonly field: string; readonly message: string }[],
): AppError {
  const lines = problems.map(({ route, field, message }) => `  ${route}, ${field}: ${message}`);
  return new AppError("routes-refused", `Nothing was changed:\n${lines.join("\n")}`);
}

async function current(place: Place): Promise<Route[]> {
  const answer = await ask(place, { v: 1, kind: "routes.get" });
  if (answer.kind !== "routes") throw unexpected();
  return answer.routes;
}

async function ask(place: Place, request: BotRequest): Promise<BotAnswer> {
  const { askBot } = await import("@flotilla/queue");
  return await askBot(await fleetOnRedis(place), request, ANSWER_MS);
}

function unexpected(): AppError {
  return new AppError("bot-silent", "This version does not know the bot's answer.");
}

function describe({ added, changed, removed }: RouteDiff): string[] {
  return [
    ...added.map(({ id }) => `+ ${id}`),
    ...changed.map(
      ({ before, after }) => `~ ${after.id}: ${fieldsThatDiffer(before, after).join(", ")}`,
    ),
    ...removed.map(({ id }) => `- ${id}`),
  ];
}

function fieldsThatDiffer(before: Route, after: Route): string[] {
  return (Object.keys(after) as (keyof Route)[]).filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
}
