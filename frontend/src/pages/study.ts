import { pageData } from '../api/client'
import { type StudyPageData, showStudy } from '../study/studyPage'

const root = document.getElementById('study-app')
if (root) void showStudy(root, pageData<StudyPageData>())
