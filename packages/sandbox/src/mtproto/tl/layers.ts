import { TlCodec } from "./codec.ts";
import type { TlSchema } from "./schema.ts";

/** The layers this server speaks. */
export class Layers {
  readonly #codecs: TlCodec[];

  /** `schemas` must not be empty. */
  constructor(schemas: readonly TlSchema[]) {
    this.#codecs = schemas
      .map((schema) => new TlCodec(schema))
      .sort((a, b) => a.schema.layer - b.schema.layer);
  }

  /** Whether any layer has this method. */
  knows(method: string): boolean {
    return this.#codecs.some(({ schema }) => schema.methods.has(method));
  }

  /**
   * The codec of `layer`, or of the nearest layer there is (the older one when two are equally
   * near).
   */
  codec(layer: number): TlCodec {
    const [first, ...rest] = this.#codecs;
    if (!first) throw new TypeError("no layers were given");
    const distance = (codec: TlCodec): number => Math.abs(codec.schema.layer - layer);
    return rest.reduce((best, codec) => (distance(codec) < distance(best) ? codec : best), first);
  }
}
