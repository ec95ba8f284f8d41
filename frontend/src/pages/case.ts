import '../styles/case.css'
import { pageData } from '../api/client'
import { type CasePageData, showCase } from '../case/caseView'

const root = document.getElementById('case-app')
if (root) void showCase(root, pageData<CasePageData>())
