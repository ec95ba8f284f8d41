// Files as a person chooses them: from a dialog, or dropped, folders included.

import type { ChosenFile } from './grouping'

export function fromInput(list: FileList): ChosenFile<File>[] {
  return [...list].map((file) => ({
    path: (file.webkitRelativePath || file.name).replace(/^\/+/, ''),
    content: file,
  }))
}

/** This will read everything that was dropped, folders to the bottom. */
export async function fromDrop(transfer: DataTransfer): Promise<ChosenFile<File>[]> {
  const entries = [...transfer.items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null)
  const found = await Promise.all(entries.map((entry) => filesBelow(entry)))
  return found.flat()
}

async function filesBelow(entry: FileSystemEntry): Promise<ChosenFile<File>[]> {
  const path = entry.fullPath.replace(/^\/+/, '')
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    )
    return [{ path, content: file }]
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const all: FileSystemEntry[] = []
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    )
    if (some.length === 0) break
    all.push(...some)
  }
  const found = await Promise.all(all.map((one) => filesBelow(one)))
  return found.flat()
}
