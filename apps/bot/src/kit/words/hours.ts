import { cleanPaste } from "@flotilla/kernel";

const TIME = /(\d{1,2})(?:[:.]?(\d{2}))?(?: ?([ap])\.?m\b\.?)?/g;

/**
 * Hours of a day as people write them: `22:00-07:00`, `22-7`, `22.00–07.00`, `10pm to 7am`, `с 22
 * до 7`. Minutes after midnight; null = they cannot be read, or the end is the beginning.
 */
export function hoursFromText(
  text: string,
): { readonly fromMin: number; readonly toMin: number } | null {
  const clean = cleanPaste(text).toLowerCase();
  const times = [...clean.matchAll(TIME)].map(([, hours, rest, half]) =>
    minutesOf(Number(hours), Number(rest ?? 0), half),
  );
  const [fromMin = null, toMin = null, ...more] = times;
  const isSpan =
    /^(?:from|с)? *- *(?:(?:to|until|till|до|по) *)?$|^(?:from|с)? *(?:to|until|till|до|по) *$/.test(
      clean.replace(TIME, "").replace(/ +/g, " "),
    );
  if (!isSpan || more.length > 0 || fromMin === null || toMin === null || fromMin === toMin)
    return null;
  return { fromMin, toMin };
}

function minutesOf(hours: number, minutes: number, half: string | undefined): number | null {
  if (minutes > 59 || hours > 24 || (hours === 24 && minutes > 0)) return null;
  if (half === undefined) return (hours % 24) * 60 + minutes;
  if (hours < 1 || hours > 12) return null;
  return ((hours % 12) + (half === "p" ? 12 : 0)) * 60 + minutes;
}
