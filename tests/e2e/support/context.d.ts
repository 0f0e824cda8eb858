declare module "vitest" {
  interface ProvidedContext {
    /** True when this run shall take the README's screenshots anew. */
    readonly updateImages: boolean;
  }
}

export {};
