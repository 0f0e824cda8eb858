/** `12:04:31`, in the time zone of this machine. The same in every language. */
export function clockTime(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB", { hour12: false });
}

/** `2026-08-22 12:04:27`, in the time zone of this machine. */
export function dateTime(at: number): string {
  return `${new Date(at).toLocaleDateString("sv-SE")} ${clockTime(at)}`;
}
