import { type SentinelConnectionOptions, SentinelConnector } from "ioredis";

/**
 * Connects to the master that the sentinels name, also when a failover is told while it connects.
 * ioredis takes that for a close on purpose: it says "Connection is closed.", and the connection
 * has ended for ever. The same is seen in https://github.com/redis/ioredis/issues/1683.
 */
export class FailoverConnector extends SentinelConnector {
  #isFailover = false;
  /** Listens for failovers. Each is told once, and the next connection has another listener. */
  #lastDetector: unknown = null;

  /** ioredis hands over the options of the client. */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override disconnect(): void {
    const detector: unknown = Reflect.get(this, "failoverDetector");
    const isTold =
      typeof detector === "object" &&
      detector !== null &&
      Reflect.get(detector, "isDisconnected") === true;
    this.#isFailover = isTold && detector !== this.#lastDetector;
    this.#lastDetector = detector;
    super.disconnect();
  }

  override async connect(
    ...about: Parameters<SentinelConnector["connect"]>
  ): ReturnType<SentinelConnector["connect"]> {
    for (;;) {
      this.#isFailover = false;
      try {
        return await super.connect(...about);
      } catch (error) {
        if (!this.#isFailover) throw error;
      }
    }
  }
}
