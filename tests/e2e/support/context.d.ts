declare module "vitest" {
  interface ProvidedContext {
    /** True when this run shall take the README's screenshots anew. */
    readonly updateImages: boolean;
    /** True when this run shall write the texts of the chat anew (apps/bot/test/golden). */
    readonly updateGoldens: boolean;
    /** Of `npm run faults`; no rounds = the short version. */
    readonly faults: {
      readonly rounds: number;
      readonly seed: number;
      readonly only: string;
      readonly hangs: boolean;
      readonly stories: boolean;
    };
    /** Of `npm run faults -- --cuts 50`; 0 = the short version. */
    readonly powerCuts: number;
  }
}

export {};
