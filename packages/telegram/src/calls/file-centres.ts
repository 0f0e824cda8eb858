import { Api } from "telegram";
import { pickDc } from "../link/server.ts";
import { FileCentre, type FileCentreOptions } from "./file-centre.ts";

/**
 * Connections to the data centres of files, which often differ from the account's own
 * (https://core.telegram.org/api/files). Each opens on demand, and closes with the account's own
 * connection.
 */
export class FileCentres {
  readonly #options: FileCentreOptions;
  #centres = new Map<number, FileCentre>();

  constructor(options: FileCentreOptions) {
    this.#options = options;
  }

  /**
   * Calls in the data centre `dc`. Errors as `Link.invoke` and `Link.connect`; AppError
   * `not-connected`, `unknown-dc`.
   */
  async invoke<R extends Api.AnyRequest>(dc: number, request: R): Promise<R["__response"]> {
    const { home, store } = this.#options;
    if (dc === store.dc()?.id) return await home().invoke(request);
    const known = this.#centres.get(dc);
    if (known) return await known.invoke(request);
    const { dcOptions } = await home().invoke(new Api.help.GetConfig());
    const centre = this.#centres.get(dc) ?? new FileCentre(this.#options, pickDc(dcOptions, dc));
    this.#centres.set(dc, centre);
    return await centre.invoke(request);
  }

  /** Drops all of them and resolves when their sockets are closed. */
  async stop(): Promise<void> {
    const centres = this.#centres;
    this.#centres = new Map();
    await Promise.all([...centres.values()].map((centre) => centre.stop()));
  }
}
