// expect: switch-exhaustiveness-check
export function word(state: "up" | "down" | "lost"): string {
  switch (state) {
    case "up":
      return "▲";
    case "down":
      return "▼";
  }
  return "";
}
