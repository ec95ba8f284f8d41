// What is confirmed before an answer is locked, in words.

import { plural } from '../elements'
import type { GivenAnswer } from './answerForm'
import type { Marks } from './marks'

interface Answered {
  readonly marks: Pick<Marks, 'counts' | 'corrected'>
  readonly presentation: { readonly lesion_count: number }
}

/** The lines of an answer: what was counted and the verdict, or why it cannot be rated. */
export function answerInWords(given: GivenAnswer, { marks, presentation }: Answered): string[] {
  if (given.outcome !== 'rated') {
    const isUnreadable = given.outcome === 'unreadable'
    return [
      isUnreadable ? 'The scan is unreadable' : 'The mask is of another scan',
      `Reason: ${given.reason}`,
    ]
  }
  const { fp, fn } = given.typed ?? marks.counts
  const lesions = given.typed ?? marks.corrected
  const how = (marked: number, counted: number): string => {
    if (given.typed) return ' (typed)'
    return marked === counted ? '' : `, which you count as ${plural(counted, 'lesion')}`
  }
  const consistency = given.consistent ? 'the counts' : 'something else'
  return [
    plural(presentation.lesion_count, 'drawn lesion'),
    `${plural(fp, 'false positive')}${how(fp, lesions.fp)}`,
    `${plural(fn, 'missed lesion')}${how(fn, lesions.fn)}`,
    `Your verdict: ${given.verdict}`,
    ...(given.consistent === null ? [] : [`It follows from ${consistency}`]),
  ]
}
