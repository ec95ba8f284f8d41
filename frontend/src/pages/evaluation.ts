import '../styles/evaluation.css'
import { pageData } from '../api/client'
import { EvaluationPage, type EvaluationPageData } from '../evaluations/evaluationPage'

const root = document.getElementById('evaluation-app')
if (root) new EvaluationPage(root, pageData<EvaluationPageData>())
