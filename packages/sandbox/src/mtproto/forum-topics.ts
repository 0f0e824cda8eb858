import { AppError } from "@flotilla/kernel";
import { RpcError } from "../world/errors.ts";
import type { Channel, Topic } from "../world/model.ts";
import type { TopicView } from "../world/views.ts";
import type { World } from "../world/world.ts";

/** Topics of forums, as their owner handles them. */
export class ForumTopics {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  list(channelId: string): TopicView[] {
    const alive = [...this.#forum(channelId).values()].filter(({ deleted }) => !deleted);
    return alive.map(({ id, title, closed }) => ({ id, title, closed }));
  }

  /** Returns its id. */
  create(channelId: string, title: string): number {
    this.#forum(channelId);
    const channel = channelOf(this.#world, channelId);
    return refused(
      () => this.#world.forums.create(channel, channel.owner ?? 0n, title, null).message.id,
    );
  }

  change(channelId: string, topic: number, change: { title?: string; closed?: boolean }): void {
    const { channel, by } = this.#known(channelId, topic);
    refused(() => this.#world.forums.edit(channel, by, { id: topic, ...change }, null));
  }

  delete(channelId: string, topic: number): void {
    const { channel, by } = this.#known(channelId, topic);
    this.#world.forums.delete(channel, by, topic, null);
  }

  #known(channelId: string, topic: number): { channel: Channel; by: bigint } {
    if (this.#forum(channelId).get(topic)?.deleted !== false)
      throw new AppError("no-such-topic", `The forum ${channelId} has no topic ${topic}.`);
    const channel = channelOf(this.#world, channelId);
    return { channel, by: channel.owner ?? 0n };
  }

  #forum(channelId: string): Map<number, Topic> {
    const { topics } = channelOf(this.#world, channelId);
    if (!topics) throw new AppError("no-forum", `The channel ${channelId} has no topics.`);
    return topics;
  }
}

/** Throws AppError `no-such-channel`. */
export function channelOf(world: World, id: string): Channel {
  const channel = /^\d+$/.test(id) ? world.state.channels.get(BigInt(id)) : undefined;
  if (!channel) throw new AppError("no-such-channel", `There is no channel ${id}.`);
  return channel;
}

/** Telegram's refusal as AppError `telegram-refused`. */
export function refused<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw new AppError("telegram-refused", `Telegram would answer ${error.text}.`, {
      cause: error,
    });
  }
}
