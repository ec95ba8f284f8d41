import { pageData } from '../api/client'
import { type NewStudyData, showNewStudy } from '../study/newStudy'

const root = document.getElementById('new-study')
if (root) showNewStudy(root, pageData<NewStudyData>())
