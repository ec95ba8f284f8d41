// Which of the chosen files belong together: a folder with a sequence is a case, a loose file is one.

/** A chosen file with its path inside what was dropped or picked. */
export interface ChosenFile<Content> {
  readonly path: string
  readonly content: Content
}

/** The files of one case to be, with a name for the person who sends them. */
export interface CaseToSend<Content> {
  readonly label: string
  /** What stands for the case in a manifest: its folder (or file) as seen from there. */
  readonly folder: string
  readonly files: readonly ChosenFile<Content>[]
}

/** What was chosen, sorted. */
export interface Sorted<Content> {
  readonly cases: readonly CaseToSend<Content>[]
  /** Every manifest.csv; more than one is a question for the person who chose them. */
  readonly manifests: readonly ChosenFile<Content>[]
  readonly participants: ChosenFile<Content> | null
  /** Paths of files that are in no case. */
  readonly ignored: readonly string[]
  /** Images in two files (.hdr and .img), which are not taken, each as its path without ending. */
  readonly pairs: readonly string[]
}

const NIFTI = /\.nii(\.gz)?$/i
const PAIR = /\.(hdr|img)(\.gz)?$/i
const PARTS = /^(flair|t1|t2|mask|brainmask)\.nii(\.gz)?$/i
const BIDS = /^(sub-[a-z0-9]+(?:_ses-[a-z0-9]+)?)(?:_[a-z0-9]+-[a-z0-9]+)*_(flair|t1w|t2w)\./i
const FLAIR = /^(.+_)?flair\.nii(\.gz)?$/i
const MASK = /^(mask|brainmask)\./i
const SIDECAR = /^(.+_)?(flair|t1w?)\.json$/i

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function depth(path: string): number {
  return path.split('/').length
}

/** A path as seen from a folder above it; other paths stay as they are. */
function seenFrom(base: string, path: string): string {
  if (path === base) return '.'
  return base !== '' && path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path
}

function isPart(path: string): boolean {
  const name = nameOf(path)
  return PARTS.test(name) || SIDECAR.test(name) || (BIDS.test(name) && NIFTI.test(name))
}

/** Whether a part is called like one of a case's sequences: FLAIR, T1 or T2. */
function isSequence(path: string): boolean {
  const name = nameOf(path)
  return NIFTI.test(name) && isPart(path) && !MASK.test(name)
}

function isFlair(path: string): boolean {
  const name = nameOf(path)
  return FLAIR.test(name) && (PARTS.test(name) || BIDS.test(name))
}

/** The FLAIR among the files of a case: by its name, or the only NIfTI file there is. */
export function flairOf<Content>(one: CaseToSend<Content>): ChosenFile<Content> | undefined {
  const images = one.files.filter(({ path }) => NIFTI.test(path))
  return images.find(({ path }) => isFlair(path)) ?? (images.length === 1 ? images[0] : undefined)
}

/** What to say about an image in two files. */
export function aboutPair(path: string): string {
  const name = nameOf(path)
  return `${path}.hdr and ${name}.img are one image in two files, which is not taken. Convert them to ${name}.nii.gz and choose that.`
}

function groupBy<One>(all: readonly One[], keyOf: (one: One) => string): Map<string, One[]> {
  const groups = new Map<string, One[]>()
  for (const one of all) {
    const key = keyOf(one)
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return groups
}

/** Parts of one folder, split by BIDS subject and session where it holds several. */
function bySubject<Content>(parts: ChosenFile<Content>[]): Map<string, ChosenFile<Content>[]> {
  const subjectOf = ({ path }: ChosenFile<Content>): string => BIDS.exec(nameOf(path))?.[1] ?? ''
  const subjects = new Set(parts.map(subjectOf).filter((subject) => subject !== ''))
  if (subjects.size < 2) return new Map([['', parts]])
  return groupBy(parts, subjectOf)
}

/**
 * This will sort chosen files into cases. A folder is a case when it holds a sequence by name, and
 * takes its known parts and the sidecars of FLAIR and T1 along (without a FLAIR it is sent all the same, so
 * that the server refuses it and says what is missing, as import_cases does); loose files called FLAIR, T1, mask ... are one case
 * together; any other loose NIfTI file is a case of its own. Hidden files are not even mentioned.
 */
export function groupIntoCases<Content>(chosen: readonly ChosenFile<Content>[]): Sorted<Content> {
  const files = chosen.filter(({ path }) => !nameOf(path).startsWith('.'))
  const named = (name: string): ChosenFile<Content>[] =>
    files
      .filter(({ path }) => nameOf(path).toLowerCase() === name)
      .sort((a, b) => depth(a.path) - depth(b.path))
  const manifests = named('manifest.csv')
  const participants = named('participants.tsv')[0] ?? null
  const base = manifests[0] ? folderOf(manifests[0].path) : ''
  const halves = files.filter(({ path }) => PAIR.test(path))
  const pairs = [...new Set(halves.map(({ path }) => path.replace(PAIR, '')))].sort()
  const others = files.filter(
    (file) => !manifests.includes(file) && file !== participants && !halves.includes(file),
  )

  const cases: CaseToSend<Content>[] = []
  const ignored: string[] = []
  const add = (label: string, path: string, of: readonly ChosenFile<Content>[]): void => {
    cases.push({ label, folder: seenFrom(base, path), files: of })
  }
  const folders = [...groupBy(others, ({ path }) => folderOf(path))]
  for (const [folder, inside] of folders.sort(([a], [b]) => a.localeCompare(b))) {
    const isLoose = folder === ''
    const parts = inside.filter(({ path }) => isPart(path))
    for (const [subject, own] of bySubject(parts)) {
      const path = [folder, subject].filter((part) => part !== '').join('/')
      const isCase = own.some(({ path }) => isSequence(path) || (isLoose && NIFTI.test(path)))
      if (isCase) add(path || 'These files', path || '.', own)
      else ignored.push(...own.map((file) => file.path))
    }
    for (const file of inside.filter((one) => !parts.includes(one))) {
      if (isLoose && NIFTI.test(file.path)) add(file.path, file.path, [file])
      else ignored.push(file.path)
    }
  }
  return { cases, manifests, participants, ignored, pairs }
}
