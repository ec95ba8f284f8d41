import { expect, test } from 'vitest'
import { labelOf, offered, type Reference, referencesOf } from './references'

function reference(name: string, ...titles: string[]): Reference {
  return { name, titles: titles.length > 0 ? titles : [name], cases: 2, subjects: 1 }
}

function namesOffered(...cohorts: Reference[][]): string[] {
  return offered(referencesOf(cohorts.map((references) => ({ references })))).map(labelOf)
}

test('what an origin and a title both name is offered once, by its title', () => {
  const clinic = [reference('imported', 'Imported mask'), reference('Imported mask')]
  expect(namesOffered(clinic)).toEqual(['Imported mask'])
})

test('an origin with several titles stands beside them', () => {
  const clinic = [
    reference('delineation', 'Expert 1', 'Expert 2'),
    reference('Expert 1'),
    reference('Expert 2'),
  ]
  expect(namesOffered(clinic)).toEqual([
    'delineation, the newest of each case',
    'Expert 1',
    'Expert 2',
  ])
})

test('over cohorts whose titles differ the origin is what they share', () => {
  const ours = [reference('correction', 'Correction by Cora'), reference('Correction by Cora')]
  const theirs = [reference('correction', 'Correction by Dana'), reference('Correction by Dana')]
  expect(namesOffered(ours)).toEqual(['Correction by Cora'])
  expect(namesOffered(ours, theirs)).toContain('correction, the newest of each case')
  const both = referencesOf([{ references: ours }, { references: theirs }])
  expect(both.find(({ name }) => name === 'correction')).toMatchObject({ cases: 4, subjects: 2 })
})
