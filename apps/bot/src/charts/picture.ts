import type { Rollup } from "./rollup.ts";

/**
 * Everything a picture shows, ready to be drawn: the thread that draws knows no words and no
 * database.
 */
export interface ChartPicture {
  readonly dark: boolean;
  /** For the numbers of the axis. */
  readonly locale: string;
  readonly title: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
  /**
   * `whole`: the time of all workers in this step, of which `up`, `wait`, `down` and `off` are
   * parts; the rest is not known.
   */
  readonly points: readonly (Rollup & { readonly at: number; readonly whole: number })[];
  /** What is said instead when there is nothing to show. */
  readonly empty: string | null;
  readonly texts: Readonly<
    Record<
      | "unit"
      | "received"
      | "relayed"
      | "connection"
      | "up"
      | "wait"
      | "down"
      | "off"
      | "unknown"
      | "restarts"
      | "waits",
      string
    >
  >;
}

/** What the thread answers with. */
export type DrawAnswer =
  | { readonly kind: "drawn"; readonly png: Uint8Array }
  /** The optional package that draws is not there on this platform. */
  | { readonly kind: "missing" };

/** Size of a picture, in pixels. */
export const WIDTH = 1280;
/** See {@link WIDTH}. */
export const HEIGHT = 720;
