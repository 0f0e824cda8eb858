import { connect, createServer, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * One cable: the server that it leads to, and the local address that it connects from. `change`:
 * what becomes of bytes on their way from the server; no length may change.
 */
export interface CableOptions {
  readonly to: { readonly host: string; readonly port: number };
  readonly from: string;
  readonly change?: (bytes: Buffer) => Buffer;
}

/**
 * A network cable between a host and a server. Pulled, it passes nothing in either direction, not
 * even the close of a side, like a partition; plugged in again, the data under way arrives.
 */
export class Cable {
  readonly #options: CableOptions;
  readonly #server: Server;
  readonly #ends = new Set<Socket>();
  #pulled = false;

  private constructor(options: CableOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) =>
      this.#join(near),
    );
  }

  /** Opens a cable that ends with the test. */
  static async lay(options: CableOptions): Promise<Cable> {
    const cable = new Cable(options);
    const listening = Promise.withResolvers<void>();
    cable.#server.listen(0, "127.0.0.1", listening.resolve);
    onTestFinished(() => {
      for (const end of cable.#ends) end.destroy();
      cable.#server.close();
    });
    await listening.promise;
    return cable;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : 0;
  }

  pull(): void {
    this.#pulled = true;
    for (const end of this.#ends) end.pause();
  }

  plugIn(): void {
    this.#pulled = false;
    for (const end of this.#ends) end.resume();
  }

  #join(near: Socket): void {
    const { to, from, change = (bytes: Buffer) => bytes } = this.#options;
    const far = connect({ ...to, localAddress: from, allowHalfOpen: true });
    this.#pass(near, far, (bytes) => bytes);
    this.#pass(far, near, change);
  }

  /**
   * @NOTE a paused socket does not read its end, so a closed side stays unseen while the cable is
   * pulled.
   */
  #pass(one: Socket, other: Socket, change: (bytes: Buffer) => Buffer): void {
    this.#ends.add(one);
    one.on("data", (bytes) => other.write(change(bytes)));
    one.on("end", () => other.end());
    one.on("error", () => other.destroy());
    one.on("close", () => {
      this.#ends.delete(one);
      other.destroySoon();
    });
    if (this.#pulled) one.pause();
    else one.resume();
  }
}
