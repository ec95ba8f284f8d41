// Which of the chosen files belong together: a folder with a FLAIR is a case, a loose file is one.

/** A chosen file with its path inside what was dropped or picked. */
export interface ChosenFile<Content> {
  readonly path: string
  readonly content: Content
}

/** The files of one case to be, with a name for the person who sends them. */
export interface CaseToSend<Content> {
  readonly label: string
  readonly files: readonly ChosenFile<Content>[]
}

const NIFTI = /\.nii(\.gz)?$/i
const FLAIR = /^flair\.nii(\.gz)?$/i
const PARTS = /^(flair|t1|t2|mask|brainmask)\.nii(\.gz)?$/i

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/**
 * This will sort chosen files into cases. A folder is a case when it holds a FLAIR, and takes its
 * known parts along; loose files called FLAIR, T1, mask ... are one case together; any other loose
 * NIfTI file is a case of its own. What is in no case comes back as `ignored`.
 */
export function groupIntoCases<Content>(files: readonly ChosenFile<Content>[]): {
  cases: CaseToSend<Content>[]
  ignored: string[]
} {
  const folders = new Map<string, ChosenFile<Content>[]>()
  for (const file of files) {
    const folder = folderOf(file.path)
    folders.set(folder, [...(folders.get(folder) ?? []), file])
  }
  const cases: CaseToSend<Content>[] = []
  const ignored: string[] = []
  for (const [folder, inside] of [...folders].sort(([a], [b]) => a.localeCompare(b))) {
    const parts = inside.filter((file) => PARTS.test(nameOf(file.path)))
    const rest = inside.filter((file) => !parts.includes(file))
    const isCase = parts.some((file) => FLAIR.test(nameOf(file.path)))
    if (isCase) cases.push({ label: folder || 'These files', files: parts })
    else if (folder === '' && parts.length > 0) cases.push({ label: 'These files', files: parts })
    else ignored.push(...parts.map((file) => file.path))
    for (const file of rest) {
      const isLoose = folder === '' && NIFTI.test(file.path)
      if (isLoose) cases.push({ label: file.path, files: [file] })
      else ignored.push(file.path)
    }
  }
  return { cases, ignored: ignored.filter((path) => !nameOf(path).startsWith('.')) }
}
