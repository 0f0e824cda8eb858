/** `setTimeout` as it was before any test faked it: harnesses wait in real time. */
export const realSetTimeout: typeof setTimeout = globalThis.setTimeout.bind(globalThis) as typeof setTimeout;
