// The design of a study that is open, as it was frozen: nothing here can be changed any more.

import type { Study } from '../api/types'
import { make, plural } from '../elements'
import { acceptable, onThreshold } from './thresholds'

let isUnfolded = false // also after the page has looked again

/** This will list what was fixed at opening, folded away; texts as raters see them. */
export function frozenDesign(study: Study): HTMLElement {
  const { design, items, practice } = study
  const facts = make('dl', { class: 'facts' })
  const add = (name: string, value: string): void => {
    facts.append(make('dt', {}, name), make('dd', {}, value))
  }
  const cases = new Set(items.map((item) => item.case)).size
  add('To be judged', `${plural(items.length, 'mask')} of ${plural(cases, 'case')}, each twice`)
  if (practice.length > 0) add('Practice', plural(practice.length, 'case'))
  add('Gap', plural(design.gap ?? 0, 'position'))
  add('Washout', design.washout_days ? plural(design.washout_days, 'day') : 'none')
  add('Criterion', acceptable(design))
  const onIt = design.boundary_policy === 'lenient' ? 'acceptable' : 'not acceptable'
  add(`Exactly ${onThreshold(design)}`, onIt)
  const isOwn = design.primary_analysis === 'rater'
  add('Primary analysis', isOwn ? "the rater's own verdict" : 'the verdict derived from the counts')
  add('Margin of equivalence', String(design.equivalence_margin ?? 'none'))
  add('Smallest lesion', design.min_volume_mm3 ? `${design.min_volume_mm3} mm³` : 'any size')
  add('Shown', design.shown_sequences?.join(' and ') ?? 'FLAIR')
  add('Raters', asked(study).join('; ') || 'mark, count and judge')
  add('Instructions', design.instructions || 'none')
  add('Diffusely abnormal white matter', design.dawm_instruction || 'no instruction')
  add('How the cases were found', design.case_sampling || 'not said')
  const folder = make(
    'details',
    { class: 'sheet frozen', open: isUnfolded },
    make('summary', {}, make('h2', {}, 'The design, frozen')),
    facts,
  )
  folder.addEventListener('toggle', () => {
    isUnfolded = folder.open
  })
  return folder
}

/** What raters are asked beyond marks and a verdict. */
function asked({ design }: Study): string[] {
  const said: [boolean | undefined, string][] = [
    [design.allow_typed_counts, 'may type counts instead of marking'],
    [design.ask_consistency, 'say whether a verdict follows from the counts'],
    [design.sign_instructions, 'sign the instructions'],
    [design.ask_qualification, 'say their experience, training and specialty'],
    [design.ask_conditions, 'say room light and screen, once per sitting'],
  ]
  return said.filter(([isOn]) => isOn).map(([, text]) => text)
}
