/** A clock time that is further away than this would be taken for one of today. */
const FAR_MS = 12 * 3_600_000;

/**
 * `12:04:31`, in the time zone of this machine, the same in every language; with its day when it is half a day away or more, as of a
 * wait of a day (field fault D6).
 */
export function clockTime(at: number, now = Date.now()): string {
  return Math.abs(at - now) < FAR_MS ? timeOfDay(at) : dateTime(at);
}

/** `2026-08-22 12:04:27`, in the time zone of this machine. */
export function dateTime(at: number): string {
  return `${new Date(at).toLocaleDateString("sv-SE")} ${timeOfDay(at)}`;
}

/** The time zone of this machine at that time, such as `UTC` or `GMT+2`: one line of each message names it. */
export function zoneOf(at: number): string {
  const parts = new Intl.DateTimeFormat("en-GB", { timeZoneName: "shortOffset" }).formatToParts(at);
  const zone = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return zone.replace("GMT", "UTC").replace(/\+0$/, "");
}

function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour12: false });
}
