/**
 * A time as part of a file name: `20260822T120427123Z`, always UTC, so that names sort by time.
 * `at`: milliseconds since the epoch.
 */
export function fileStamp(at: number): string {
  return new Date(at).toISOString().replace(/[-:.]/g, "");
}
