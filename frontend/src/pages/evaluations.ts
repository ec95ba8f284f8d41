import { pageData } from '../api/client'
import { EvaluationsPage, type EvaluationsPageData } from '../evaluations/evaluationsPage'

const root = document.getElementById('evaluations-app')
if (root) new EvaluationsPage(root, pageData<EvaluationsPageData>())
