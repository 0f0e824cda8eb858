import { Api } from "telegram";
import type { Link } from "../link/link.ts";

/**
 * One login of an account (https://core.telegram.org/constructor/authorization). `activeAt` is
 * milliseconds since the Unix epoch.
 */
export interface DeviceInfo {
  /** True for this session itself. */
  readonly current: boolean;
  readonly device: string;
  /** Name and version of the app. */
  readonly app: string;
  readonly country: string;
  readonly activeAt: number;
}

/**
 * Every login of the account, this one first, then by last use. Only fields for display: no
 * address, no hash.
 */
export async function fetchDevices(link: Link): Promise<readonly DeviceInfo[]> {
  const { authorizations } = await link.invoke(new Api.account.GetAuthorizations());
  const devices = authorizations.slice(0, 100).map((entry) => ({
    current: entry.current ?? false,
    device: entry.deviceModel.slice(0, 100),
    app: `${entry.appName} ${entry.appVersion}`.trim().slice(0, 100),
    country: entry.country.slice(0, 60),
    activeAt: entry.dateActive * 1000,
  }));
  return devices.sort(
    (one, other) => Number(other.current) - Number(one.current) || other.activeAt - one.activeAt,
  );
}

/** Ends the login of this link's key (https://core.telegram.org/method/auth.logOut). */
export async function logOut(link: Link): Promise<void> {
  await link.invoke(new Api.auth.LogOut());
}
