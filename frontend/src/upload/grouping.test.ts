import { expect, test } from 'vitest'
import { groupIntoCases } from './grouping'

function grouped(...paths: string[]) {
  const { cases, ignored } = groupIntoCases(paths.map((path) => ({ path, content: null })))
  return { cases: cases.map((one) => one.files.map((file) => file.path)), ignored }
}

test('a folder with a FLAIR is one case with its known parts', () => {
  expect(grouped('a/FLAIR.nii.gz', 'a/mask.nii.gz', 'a/change_mask.nii.gz', 'a/notes.txt')).toEqual(
    {
      cases: [['a/FLAIR.nii.gz', 'a/mask.nii.gz']],
      ignored: ['a/change_mask.nii.gz', 'a/notes.txt'],
    },
  )
})

test('every folder of a tree is a case of its own', () => {
  expect(grouped('t/b/flair.nii', 't/a/FLAIR.nii.gz').cases).toEqual([
    ['t/a/FLAIR.nii.gz'],
    ['t/b/flair.nii'],
  ])
})

test('folders without a FLAIR are ignored', () => {
  expect(grouped('masks/patient01.nii.gz', 'x/T1.nii.gz')).toEqual({
    cases: [],
    ignored: ['masks/patient01.nii.gz', 'x/T1.nii.gz'],
  })
})

test('loose files are a case each, but known parts belong together', () => {
  expect(grouped('one.nii.gz', 'two.nii', 'readme.md')).toEqual({
    cases: [['one.nii.gz'], ['two.nii']],
    ignored: ['readme.md'],
  })
  expect(grouped('FLAIR.nii.gz', 'mask.nii.gz').cases).toEqual([['FLAIR.nii.gz', 'mask.nii.gz']])
})

test('loose parts without a FLAIR are sent, so that the server can say what is missing', () => {
  expect(grouped('T1.nii.gz', 'T2.nii.gz').cases).toEqual([['T1.nii.gz', 'T2.nii.gz']])
})

test('hidden files are not even mentioned', () => {
  expect(grouped('a/.DS_Store', 'a/FLAIR.nii.gz').ignored).toEqual([])
})
