// Names for the bodies of the API. Their shapes are the schema's: `make check` finds any drift.

import type { components } from './schema'

type Schemas = components['schemas']

// --- Readings -------------------------------------------------------------------------------------

export type Reading = Schemas['Reading']
export type Feedback = Schemas['Feedback']
export type Declaration = Schemas['DeclarationRequest']
export type Presentation = Schemas['Presentation']
/** What may be fetched of the next presentation before its turn. */
export type Following = Schemas['Following']
export type ShownLesion = Schemas['ShownLesion']
export type ShownMark = Schemas['ShownMark']
export type MarkBody = Schemas['MarkRequest']
export type MarkKind = MarkBody['kind']
/** Right, anterior, superior: millimetres, or voxels. */
export type Saved = Schemas['Saved']
export type Answer = Schemas['AnswerRequest']
export type Outcome = Answer['outcome']
export type Verdict = NonNullable<Answer['verdict']>
export type ShownView = NonNullable<Presentation['view']>
export type Counts = Answer['counts']

// --- Cases ----------------------------------------------------------------------------------------

export type Case = Schemas['Case']
export type Description = Case['description']
export type BrainMask = NonNullable<Case['brain_mask']>
export type Scan = Schemas['Scan']
export type Segmentation = Schemas['Segmentation']
export type Lesion = Schemas['Lesion']
export type Job = Schemas['Job']
export type JobState = Schemas['JobState']
export type ImportedCase = Schemas['ImportedCase']
export type Foreseen = Schemas['Foreseen']

// --- Drawings -------------------------------------------------------------------------------------

export type Drawing = Schemas['Drawing']
export type EditBody = Schemas['EditBodyRequest']
export type EditKind = EditBody['kind']
export type StoredEdit = Schemas['Edit']
export type ToCorrect = Schemas['ToCorrect']

// --- Trainings ------------------------------------------------------------------------------------

export type Training = Schemas['Training']
export type TrainingInList = Schemas['TrainingInList']
export type TrainingBody = Schemas['TrainingRequestRequest']
export type Version = NonNullable<Training['version']>
export type Measure = NonNullable<TrainingBody['measure']>

// --- Evaluations ----------------------------------------------------------------------------------

export type Evaluation = Schemas['Evaluation']
export type EvaluationInList = Schemas['EvaluationInList']
export type Findings = Schemas['Findings']
export type ChosenSlice = Schemas['ChosenSlice']
export type Profile = NonNullable<Schemas['EvaluationRequestRequest']['profile']>
export type Rule = Schemas['ReferenceRequestRequest']['rule']

// --- Studies --------------------------------------------------------------------------------------

export type Study = Schemas['Study']
export type Amendment = Study['amendments'][number]
export type AmendmentKind = Amendment['kind']
export type Design = Schemas['Design']
export type Candidates = Schemas['Candidates']
export type Meaning = Schemas['Meaning']
export type Report = Schemas['Report']
export type Section = Schemas['Section']
export type ReportTable = Schemas['ReportTable']
export type Figure = Schemas['Figure']
export type Examples = Schemas['Examples']
export type Example = Examples['shown'][number]
export type ExampleKind = Example['kind']
export type ExampleChoice = Schemas['ExampleChoiceRequest']

// --- Reference studies ----------------------------------------------------------------------------

export type ReferenceStudy = Schemas['ReferenceStudy']
export type ReferenceDesign = Schemas['ReferenceDesign']
export type ReferenceChoices = Schemas['ReferenceChoices']
export type ReferenceResults = Schemas['ReferenceResults']
export type Accepted = ReferenceResults['acceptance'][number]

// --- Delineating ----------------------------------------------------------------------------------

export type Assignment = Schemas['Assignment']
export type DelineationTask = Schemas['Task']
export type Delineation = Schemas['Delineation']
export type CandidateDot = Schemas['Dot']
export type DecisionBody = Schemas['DecisionRequest']
export type DotChoice = DecisionBody['choice']
