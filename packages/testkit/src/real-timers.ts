/** The real `setTimeout`: harnesses wait in real time, also under fake timers. */
export const realSetTimeout: typeof setTimeout = globalThis.setTimeout.bind(
  globalThis,
) as typeof setTimeout;
