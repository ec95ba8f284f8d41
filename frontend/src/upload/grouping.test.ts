import { expect, test } from 'vitest'
import { aboutPair, flairOf, groupIntoCases } from './grouping'

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

test('folders without a sequence are ignored', () => {
  expect(grouped('masks/patient01.nii.gz', 'x/mask.nii.gz')).toEqual({
    cases: [],
    ignored: ['masks/patient01.nii.gz', 'x/mask.nii.gz'],
  })
})

test('a folder with other sequences but no FLAIR is sent, so that it is refused and not passed over', () => {
  expect(grouped('t/a/FLAIR.nii.gz', 't/b/T1.nii.gz', 't/b/mask.nii.gz')).toEqual({
    cases: [['t/a/FLAIR.nii.gz'], ['t/b/T1.nii.gz', 't/b/mask.nii.gz']],
    ignored: [],
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

test('BIDS folders and names are understood, sidecars come along', () => {
  const anat = 'set/sub-01/ses-1/anat'
  expect(
    grouped(
      `${anat}/sub-01_ses-1_FLAIR.nii.gz`,
      `${anat}/sub-01_ses-1_FLAIR.json`,
      `${anat}/sub-01_ses-1_T1w.nii.gz`,
      `${anat}/sub-01_ses-1_T1w.json`,
      `${anat}/sub-01_ses-1_T2w.json`,
    ),
  ).toEqual({
    cases: [
      [
        `${anat}/sub-01_ses-1_FLAIR.nii.gz`,
        `${anat}/sub-01_ses-1_FLAIR.json`,
        `${anat}/sub-01_ses-1_T1w.nii.gz`,
        `${anat}/sub-01_ses-1_T1w.json`,
      ],
    ],
    ignored: [`${anat}/sub-01_ses-1_T2w.json`],
  })
})

test('several subjects in one folder are a case each', () => {
  expect(
    grouped('sub-01_FLAIR.nii.gz', 'sub-02_FLAIR.nii.gz', 'sub-02_T1w.nii', 'd/sub-03_T1w.nii'),
  ).toEqual({
    cases: [
      ['sub-01_FLAIR.nii.gz'],
      ['sub-02_FLAIR.nii.gz', 'sub-02_T1w.nii'],
      ['d/sub-03_T1w.nii'],
    ],
    ignored: [],
  })
})

test('a manifest names cases as seen from where it lies', () => {
  const chosen = [
    ...['tree/manifest.csv', 'tree/participants.tsv', 'tree/a/FLAIR.nii.gz'],
    ...['tree/FLAIR.nii.gz', 'tree/a/b/FLAIR.nii.gz', 'tree/a/manifest.csv'],
  ]
  const sorted = groupIntoCases(chosen.map((path) => ({ path, content: null })))
  expect(sorted.cases.map(({ label, folder }) => [label, folder])).toEqual([
    ['tree', '.'],
    ['tree/a', 'a'],
    ['tree/a/b', 'a/b'],
  ])
  expect(sorted.manifests.map(({ path }) => path)).toEqual([
    'tree/manifest.csv',
    'tree/a/manifest.csv',
  ])
  expect(sorted.participants?.path).toBe('tree/participants.tsv')
  expect(sorted.ignored).toEqual([])
})

test.each([
  [['T1.nii.gz', 'FLAIR.nii.gz', 'FLAIR.json'], 'FLAIR.nii.gz'],
  [['sub-01_T1w.nii.gz', 'sub-01_acq-x_FLAIR.nii'], 'sub-01_acq-x_FLAIR.nii'],
  [['whatever.nii'], 'whatever.nii'],
  [['T1.nii', 'T2.nii'], undefined],
])('the FLAIR of %j is %s', (paths, flair) => {
  const files = paths.map((path) => ({ path, content: null }))
  expect(flairOf({ label: '', folder: '', files })?.path).toBe(flair)
})

test('an image in two files is named once, and never sent or called a case', () => {
  const paths = ['a/FLAIR.hdr', 'a/FLAIR.img', 'b/FLAIR.nii.gz', 'b/T1.IMG.gz', 'loose.hdr']
  const { cases, ignored, pairs } = groupIntoCases(paths.map((path) => ({ path, content: null })))
  expect(cases.map((one) => one.label)).toEqual(['b'])
  expect(ignored).toEqual([])
  expect(pairs).toEqual(['a/FLAIR', 'b/T1', 'loose'])
  expect(aboutPair('a/FLAIR')).toBe(
    'a/FLAIR.hdr and FLAIR.img are one image in two files, which is not taken. Convert them to FLAIR.nii.gz and choose that.',
  )
})
