import { expect, test } from 'vitest'
import { Refused, Unreachable } from '../api/errors'
import type { ImportedCase } from '../api/types'
import { Batch, PAUSES_MS, type Send, shipment } from './batch'
import { summaryCsv } from './summary'

const DONE: ImportedCase = {
  ...{ code: 'C0001', subject: 'S0001', described: ['sex'], ignored: ['notes.txt'] },
  ...{ taken: [{ sequence: 'FLAIR', removed: ['descrip'] }], warnings: ['mask is empty'] },
}

function batchOf(labels: string[], send: Send<string>): { batch: Batch<string>; paused: number[] } {
  const paused: number[] = []
  const batch = new Batch<string>(
    send,
    () => undefined,
    async (ms) => void paused.push(ms),
  )
  batch.shipments.push(...labels.map((label) => shipment(label, label, 100)))
  return { batch, paused }
}

function fates(batch: Batch<string>): string[] {
  return batch.shipments.map(({ fate }) => fate)
}

test('one refused case does not stop the others', async () => {
  const { batch } = batchOf(['a', 'b', 'c'], async ({ label }) => {
    if (label === 'b') throw new Refused(400, 'UnusableImage', 'b is damaged.')
    return DONE
  })
  expect(await batch.run()).toBe('done')
  expect(fates(batch)).toEqual(['taken', 'refused', 'taken'])
  expect(batch.shipments[1]?.words).toBe('b is damaged.')
  expect(batch.share).toBe(1)
})

test('what the network loses is sent again, with pauses', async () => {
  let times = 0
  const { batch, paused } = batchOf(['a'], async () => {
    times += 1
    if (times < 3) throw new Unreachable()
    return DONE
  })
  expect(await batch.run()).toBe('done')
  expect(paused).toEqual(PAUSES_MS.slice(0, 2))
  expect(fates(batch)).toEqual(['taken'])
})

test('an answer that was lost is no second case', async () => {
  let times = 0
  const { batch } = batchOf(['a'], async () => {
    times += 1
    if (times === 1) throw new Unreachable()
    throw new Refused(409, 'AlreadyImported', 'Here already as case C0001.')
  })
  expect(await batch.run()).toBe('done')
  expect(fates(batch)).toEqual(['known'])
})

test.each([
  ['no network', new Unreachable(), PAUSES_MS.length],
  ['the login has ended', new Refused(401, 'NotSignedIn', 'Sign in.'), 0],
  ['the disk is full', new Refused(507, 'StorageFailed', 'Full.'), 0],
])('nothing is lost when nothing can be sent: %s', async (_, error, pauses) => {
  let isBroken = true
  const { batch, paused } = batchOf(['a', 'b'], async () => {
    if (isBroken) throw error
    return DONE
  })
  expect(await batch.run()).toBe('blocked')
  expect(batch.trouble).toBe(error)
  expect(paused).toHaveLength(pauses)
  expect(fates(batch)).toEqual(['waiting', 'waiting'])
  isBroken = false
  expect(await batch.run()).toBe('done')
  expect(fates(batch)).toEqual(['taken', 'taken'])
})

test('cancelling ends the case under way and keeps the rest', async () => {
  const { batch } = batchOf(['a', 'b', 'c'], ({ label }, progress, signal) => {
    if (label === 'a') return Promise.resolve(DONE)
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new Unreachable()))
      progress(0.5)
      expect(batch.share).toBeCloseTo(0.5)
      batch.cancel()
    })
  })
  expect(await batch.run()).toBe('cancelled')
  expect(fates(batch)).toEqual(['taken', 'waiting', 'waiting'])
  expect(batch.isRunning).toBe(false)
})

test('what was refused can be tried again', async () => {
  let isMended = false
  const { batch } = batchOf(['a'], async () => {
    if (!isMended) throw new Refused(400, 'UnusableImage', 'Damaged.')
    return DONE
  })
  await batch.run()
  isMended = true
  batch.reconsider()
  expect(await batch.run()).toBe('done')
  expect(fates(batch)).toEqual(['taken'])
})

test('the summary is CSV that no spreadsheet executes', async () => {
  const { batch } = batchOf(['=cmd()', 'a, "b"'], async ({ label }) => {
    if (label.startsWith('a')) throw new Refused(400, 'NoFlair', 'No\nFLAIR.')
    return DONE
  })
  await batch.run()
  expect(summaryCsv(batch.shipments, ['-x/notes.txt'])).toBe(
    [
      'chosen,outcome,case,taken,described,ignored,remarks',
      "'=cmd(),taken,C0001,FLAIR,sex,notes.txt,header text emptied in FLAIR: descrip; mask is empty",
      '"a, ""b""",refused,,,,,"No\nFLAIR."',
      "'-x/notes.txt,ignored,,,,,in no case",
      '',
    ].join('\n'),
  )
})
