import { Api } from "telegram";

/** The single updates of an `Updates` object, unwrapped. */
export function updatesIn(container: unknown): readonly unknown[] {
  if (container instanceof Api.UpdateShort) return [container.update];
  if (container instanceof Api.Updates || container instanceof Api.UpdatesCombined)
    return container.updates;
  return [];
}
