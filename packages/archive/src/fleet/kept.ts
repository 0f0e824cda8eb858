import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileStamp } from "@flotilla/kernel";

/** An archive in a folder, by its name. */
export interface KeptArchive {
  readonly path: string;
  readonly host: string;
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number;
}

const NAME = /^([a-z][a-z0-9_-]{0,31})\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.flotilla$/;

/** File name of a host's archive that is made at this time. */
export function archiveName(host: string, at: number): string {
  return `${host}.${fileStamp(at)}.flotilla`;
}

/** Ending of an archive that is not finished. */
export const PARTIAL = ".partial";

/** Unfinished archives of a host in a folder. */
export function partialsIn(folder: string, host: string): string[] {
  return list(folder)
    .filter((name) => name.startsWith(`${host}.`) && name.endsWith(`.flotilla${PARTIAL}`))
    .map((name) => join(folder, name));
}

/** The archives of a host in a folder, the latest first; empty without the folder. */
export function archivesIn(folder: string, host: string): KeptArchive[] {
  return list(folder)
    .flatMap((name) => {
      const match = NAME.exec(name);
      if (match?.[1] !== host) return [];
      const [year = 0, month = 1, day, hour, minute, second, ms] = match.slice(2).map(Number);
      const at = Date.UTC(year, month - 1, day, hour, minute, second, ms);
      return [{ path: join(folder, name), host, at }];
    })
    .toSorted((a, b) => b.at - a.at);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
