import type { TextContext } from "../kit/text-context.ts";
import type { Said } from "../kit/words/said.ts";
import type { WorkerDeps } from "../workers/deps.ts";
import type { AdminStore } from "./admin-store.ts";
import type { AuditStore } from "./audit-store.ts";
import type { SettingStore } from "./setting-store.ts";

/** What handlers of buttons about admins and settings work with. */
export interface AdminDeps extends Pick<WorkerDeps, "panels" | "alertActions" | "clock"> {
  readonly admins: AdminStore;
  readonly settings: SettingStore;
  readonly audit: AuditStore;
}

/** Writes down what an admin changed for the whole fleet. */
export function note(deps: AdminDeps, { asker }: Pick<TextContext, "asker">, what: Said): void {
  deps.audit.write(asker, what, null, deps.clock.now());
}
