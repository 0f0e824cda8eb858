import { type Sandbox, startSandbox } from "../../src/index.ts";

/** The token of the bot in these tests. */
export const TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";

/** An answer of the control API. */
export interface ControlAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared by shape
  body: any;
}

/** A whole sandbox, both halves, with its control API at hand. */
export interface ControlHarness extends AsyncDisposable {
  sandbox: Sandbox;
  log: string[];
  get(path: string): Promise<ControlAnswer>;
  post(path: string, body?: object): Promise<ControlAnswer>;
  /** A Bot API call; the parsed JSON answer. */
  bot(method: string, body?: object): Promise<ControlAnswer["body"]>;
}

/** Starts the real thing on free ports. */
export async function startControl(options: { stateFile?: string } = {}): Promise<ControlHarness> {
  const log: string[] = [];
  const admin = { id: 777, firstName: "Ann", username: "ann" };
  const sandbox = await startSandbox({
    botToken: TOKEN,
    admin,
    log: (line) => void log.push(line),
    ...options,
  });
  const send = async (method: string, url: string, body?: object): Promise<ControlAnswer> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, {
      method,
      ...(body === undefined ? {} : { headers, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: response.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text,
    };
  };
  return {
    sandbox,
    log,
    get: (path) => send("GET", `${sandbox.url}/control${path}`),
    post: (path, body = {}) => send("POST", `${sandbox.url}/control${path}`, body),
    bot: async (method, body = {}) =>
      (await send("POST", `${sandbox.botApiRoot}/bot${TOKEN}/${method}`, body)).body,
    [Symbol.asyncDispose]: () => sandbox.close(),
  };
}
