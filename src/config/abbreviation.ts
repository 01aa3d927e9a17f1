// RouterOS's habit: a word may be left off after as many letters as tell it from the others.

/** The one of `known` that begins so; what is none of them, or several, stays as it is. */
export function wholeName(name: string, known: readonly string[]): string {
  if (known.includes(name)) return name;
  const [first, more] = known.filter((one) => one.startsWith(name));
  return first !== undefined && more === undefined ? first : name;
}
