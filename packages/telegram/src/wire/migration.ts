import { rawRpcError } from "./vendor.ts";

/**
 * Number of the data centre to repeat the call on, or null
 * (https://core.telegram.org/api/datacenter).
 */
export function migrationOf(error: unknown): number | null {
  const match = /^(?:PHONE|NETWORK|USER|FILE)_MIGRATE_(\d+)$/.exec(rawRpcError(error)?.text ?? "");
  return match ? Number(match[1]) : null;
}
