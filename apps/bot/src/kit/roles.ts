/** What an admin may do: look, run workers and take alerts, or everything. */
export const ROLES = ["viewer", "operator", "owner"] as const;
/** Each role may do what those before it in {@link ROLES} may. */
export type Role = (typeof ROLES)[number];

/** True when `role` includes `least`. */
export function reaches(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
