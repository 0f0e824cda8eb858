type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** `members` without those that are undefined, for optional properties that refuse undefined. */
export function withoutUndefined<T extends object>(members: T): Defined<T> {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as never;
}
