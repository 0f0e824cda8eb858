declare module "vitest" {
  interface ProvidedContext {
    /** True when this run updates the screenshots of the README and the docs. */
    readonly updateImages: boolean;
    /** True when this run rewrites the goldens of the chat (apps/bot/test/golden). */
    readonly updateGoldens: boolean;
    /** Options of `npm run faults`; no rounds = the short version. */
    readonly faults: {
      readonly rounds: number;
      readonly seed: number;
      readonly only: string;
      readonly hangs: boolean;
      readonly stories: boolean;
      readonly drill: boolean;
    };
    /** Of `npm run faults -- --cuts 50`; 0 = the short version. */
    readonly powerCuts: number;
  }
}

export {};
