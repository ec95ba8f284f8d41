// What methods learn from and are compared with: masks by their title, or by an origin.

export interface Reference {
  readonly name: string
  /** The titles of its masks: one where the name is a title, any number where it is an origin. */
  readonly titles: readonly string[]
  readonly cases: number
  readonly subjects: number
}

interface WithReferences {
  readonly references: readonly Reference[]
}

/** This will put the references of cohorts together, by name. */
export function referencesOf(cohorts: readonly WithReferences[]): Reference[] {
  const found = new Map<string, Reference>()
  for (const one of cohorts.flatMap(({ references }) => references)) {
    const before = found.get(one.name)
    found.set(one.name, {
      name: one.name,
      titles: [...new Set([...(before?.titles ?? []), ...one.titles])],
      cases: (before?.cases ?? 0) + one.cases,
      subjects: (before?.subjects ?? 0) + one.subjects,
    })
  }
  return [...found.values()]
}

/** The name that users read: an origin all of whose masks have one title is called by that. */
export function nameOf({ name, titles }: Reference): string {
  return titles.length === 1 ? (titles[0] ?? name) : name
}

/** What a list says of it: where an origin stands for several titles, which mask counts. */
export function labelOf({ name, titles }: Reference): string {
  return titles.length > 1 ? `${name}, the newest of each case` : name
}

/** Each reference once: an origin only where it stands for several titles. */
export function offered(references: readonly Reference[]): Reference[] {
  return references.filter((one) => nameOf(one) === one.name)
}
