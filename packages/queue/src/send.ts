import { EVENTS_QUEUE, type FleetEvent, HostCommand, hostQueue, WorkerCommand, workerQueue } from "@flotilla/contracts";
import { AppError, type HostId } from "@flotilla/kernel";
import { Queue } from "bullmq";
import { patientOptions, promptOptions } from "./connection.ts";

/** Where the queues live: the Redis of the fleet, and the key prefix. */
export interface QueuePlace {
  readonly url: string;
  readonly prefix: string;
}

const KEEP = { removeOnComplete: { count: 200 }, removeOnFail: { count: 200 } } as const;
/** Login entries are sealed, and gone from Redis as soon as they were carried out. */
const DROP = { removeOnComplete: true, removeOnFail: true } as const;

/** Sends commands; fails within milliseconds with AppError `redis-away` when Redis is not there. */
export class CommandSender {
  readonly #place: QueuePlace;
  readonly #queues = new Map<string, Queue>();

  constructor(place: QueuePlace) {
    this.#place = place;
  }

  /** To the supervisor of a host. */
  async toHost(host: HostId, command: HostCommand): Promise<void> {
    await this.#add(hostQueue(host), HostCommand.parse(command), false);
  }

  /** To one worker process. */
  async toWorker(command: WorkerCommand): Promise<void> {
    await this.#add(workerQueue(command.worker), WorkerCommand.parse(command), command.kind.startsWith("login."));
  }

  async #add(name: string, command: HostCommand | WorkerCommand, drop: boolean): Promise<void> {
    try {
      await this.#queue(name).add(command.kind, command, { jobId: command.id, ...(drop ? DROP : KEEP) });
    } catch (error) {
      throw new AppError("redis-away", "Redis cannot be reached, so nothing was done. Try again in a moment.", {
        cause: error,
      });
    }
  }

  #queue(name: string): Queue {
    const known = this.#queues.get(name);
    if (known) return known;
    const queue = new Queue(name, {
      connection: promptOptions(this.#place.url),
      prefix: this.#place.prefix,
      skipWaitingForReady: true,
    });
    queue.on("error", () => {});
    this.#queues.set(name, queue);
    return queue;
  }

  /** Opens the connection for a queue ahead of the first press. */
  async warm(host: HostId): Promise<void> {
    await this.#queue(hostQueue(host)).waitUntilReady();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#queues.values()].map((queue) => queue.close()));
  }
}

/** Publishes events in the order of the calls. Waits for Redis when it is away; `flush` waits until all are out. */
export class EventPublisher {
  readonly #queue: Queue;
  #tail: Promise<void> = Promise.resolve();

  constructor(place: QueuePlace, onError: (error: unknown) => void) {
    this.#queue = new Queue(EVENTS_QUEUE, { connection: patientOptions(place.url), prefix: place.prefix });
    this.#queue.on("error", onError);
    this.#onError = onError;
  }
  readonly #onError: (error: unknown) => void;

  /** Queues one event behind those before it. */
  publish(event: FleetEvent): void {
    this.#tail = this.#tail
      .then(async () => {
        await this.#queue.add(event.kind, event, {
          jobId: event.id,
          removeOnComplete: { count: 500 },
          removeOnFail: { count: 500 },
        });
      })
      .catch(this.#onError);
  }

  /** Resolves when everything published so far is in Redis. */
  async flush(): Promise<void> {
    await this.#tail;
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}
