import type { Sql } from './candidates.js'
import type { Column } from './catalogue.js'

/** A row in the making: for each column what it may be, and what it is for now. */
export class Draft {
  readonly #columns = new Map<string, { column: Column; candidates: readonly Sql[]; chosen: number }>()

  add(column: Column, candidates: readonly Sql[]): void {
    this.#columns.set(column.name, { column, candidates, chosen: 0 })
  }

  get columns(): readonly Column[] {
    return [...this.#columns.values()].map(({ column }) => column)
  }

  column(name: string): Column {
    return this.#entry(name).column
  }

  value(name: string): Sql {
    const { candidates, chosen } = this.#entry(name)
    return candidates[chosen] as Sql
  }

  choose(names: readonly string[], values: readonly Sql[]): void {
    for (const [place, name] of names.entries()) {
      const entry = this.#entry(name)
      entry.chosen = entry.candidates.indexOf(values[place] as Sql)
    }
  }

  /** Which candidate is chosen, by column, where it is not the first. */
  places(): ReadonlyMap<string, number> {
    const chosen = [...this.#columns].map(([name, entry]) => [name, entry.chosen] as const)
    return new Map(chosen.filter(([, place]) => place > 0))
  }

  resume(places: ReadonlyMap<string, number>): void {
    for (const [name, place] of places) {
      const entry = this.#entry(name)
      entry.chosen = Math.min(place, entry.candidates.length - 1)
    }
  }

  /** Every way to fill these columns, those that say most first. At most 2,000. */
  combinations(names: readonly string[]): readonly (readonly Sql[])[] {
    let ways: Sql[][] = [[]]
    for (const name of names) {
      const current = this.value(name)
      const candidates = [current, ...this.#entry(name).candidates.filter((each) => each !== current)]
      ways = ways.flatMap((way) => candidates.map((candidate) => [...way, candidate])).slice(0, 2_000)
    }
    const empty = (way: readonly Sql[]): number => way.filter((value) => value === 'null').length
    return ways.sort((a, b) => empty(a) - empty(b))
  }

  /** Takes the next value for one of the columns; false when all of them are used up. */
  advance(names: readonly string[]): boolean {
    for (const name of names) {
      const entry = this.#entry(name)
      if (entry.chosen + 1 < entry.candidates.length) {
        entry.chosen++
        return true
      }
      entry.chosen = 0
    }
    return false
  }

  #entry(name: string): { column: Column; candidates: readonly Sql[]; chosen: number } {
    const entry = this.#columns.get(name)
    if (entry === undefined) throw new Error(`there is no column ${name}`)
    return entry
  }
}
