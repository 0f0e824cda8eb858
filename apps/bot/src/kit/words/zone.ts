const MINUTE_MS = 60_000;
const DAY_MIN = 24 * 60;
/**
 * Half and quarter hours that clocks are apart from UTC somewhere, in minutes; whole hours are
 * always possible.
 */
const PARTS_OF_HOURS = [-570, -210, -150, 210, 270, 330, 345, 390, 525, 570, 630, 765];
/** Offsets of this planet, in minutes. */
const [WEST_MIN, EAST_MIN] = [-12 * 60, 14 * 60];
/**
 * Two offsets that are a day apart show the same time of day. From here on eastwards live more
 * people: Hawaii, and New Zealand in summer.
 */
const WEST_OF_CLOCK_MIN = -10 * 60 - 30;
const AREAS = [
  "Europe",
  "Asia",
  "America",
  "Africa",
  "Australia",
  "Pacific",
  "Atlantic",
  "Indian",
  "Antarctica",
  "Arctic",
  "Etc",
];

/**
 * A time zone as people write it: `Europe/Berlin`, `berlin`, `São Paulo`, `+3`, `UTC+05:30`, or the
 * time that they have now (`14:35`, `I have 2:35 pm`). Gives a name that Intl takes, or null.
 * `now`: milliseconds since the Unix epoch.
 */
export function zoneFromText(text: string, now: number): string | null {
  const plain = text.normalize("NFKC").replace(/[−–—]/g, "-").replace(/\s+/g, " ").trim();
  if (plain === "" || plain.length > 64) return null;
  return offsetIn(plain) ?? named(plain) ?? clockIn(plain, now);
}

/** The time zone of this machine, as Intl names it. */
export function machineZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `+3`, `UTC+05:30`, `GMT -0330`. */
function offsetIn(text: string): string | null {
  const match = /^(?:UTC|GMT)? ?([+-]) ?(\d{1,2})(?::?(\d{2}))?$/i.exec(text);
  if (!match) return null;
  const [, sign, hours, minutes = "0"] = match;
  const total = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  return Number(minutes) < 60 && total >= WEST_MIN && total <= EAST_MIN ? offsetName(total) : null;
}

function offsetName(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const size = Math.abs(minutes);
  if (minutes === 0) return "UTC";
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** By its name in the IANA list, or by the city at its end. */
function named(text: string): string | null {
  if (!/^\p{L}[\p{L}\p{M}\d ._'/+-]*$/u.test(text)) return null;
  const name = folded(text);
  for (const each of [name, ...AREAS.map((area) => `${area}/${name}`)]) {
    const known = canonical(each);
    if (known !== null) return known;
  }
  return (
    Intl.supportedValuesOf("timeZone").find((zone) => folded(zone).endsWith(`/${name}`)) ?? null
  );
}

function folded(text: string): string {
  const letters = text.normalize("NFD").replace(/\p{M}/gu, "");
  return letters.replace(/[ ']/g, "_").toLowerCase();
}

function canonical(name: string): string | null {
  try {
    const known = new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
    // Intl names some cities as they were called before, such as Europe/Kiev.
    const isRenamed =
      name.includes("/") && known !== "UTC" && known.toLowerCase() !== name.toLowerCase();
    return isRenamed
      ? name.replace(/(?<=^|[/_-])\p{L}/gu, (letter) => letter.toUpperCase())
      : known;
  } catch {
    return null;
  }
}

/** `I have 14:35 now`: the nearest offset to UTC that a clock on Earth has. */
function clockIn(text: string, now: number): string | null {
  const found = [
    ...text.matchAll(/(?<!\d)(\d{1,2})[:.](\d{2})(?::\d{2})?(?!\d)(?: ?([ap])\.?m\b)?/gi),
  ];
  const [match, ...others] = found;
  if (!match || others.length > 0) return null;
  const [, hours, minutes, half] = match;
  const hour = hourOf(Number(hours), half);
  if (hour === null || Number(minutes) > 59) return null;
  const utc = Math.floor(now / MINUTE_MS) % DAY_MIN;
  return offsetName(nearestOffset(hour * 60 + Number(minutes) - utc));
}

/** The hour of the day, 0 to 23; null = no clock shows it. `half`: `a` or `p` of a 12-hour clock. */
function hourOf(shown: number, half: string | undefined): number | null {
  if (half === undefined) return shown > 23 ? null : shown;
  if (shown < 1 || shown > 12) return null;
  return (shown % 12) + (half.toLowerCase() === "p" ? 12 : 0);
}

function nearestOffset(away: number): number {
  const east = ((((away - WEST_OF_CLOCK_MIN) % DAY_MIN) + DAY_MIN) % DAY_MIN) + WEST_OF_CLOCK_MIN;
  const offsets = [...PARTS_OF_HOURS, Math.floor(east / 60) * 60, Math.ceil(east / 60) * 60];
  const [nearest = 0] = offsets.sort((a, b) => Math.abs(a - east) - Math.abs(b - east));
  return nearest;
}
