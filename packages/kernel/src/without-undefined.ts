type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };
type Present<T> = { [Key in keyof T]?: NonNullable<T[Key]> };

/** `members` without those that are undefined, for optional properties that refuse undefined. */
export function withoutUndefined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as never;
}

/** `members` without those that are undefined or null, for optional properties that refuse both. */
export function withoutNullish<T extends object>(members: T): Present<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && value !== null),
  ) as never;
}
