import { pageData } from '../api/client'
import { TrainingsPage, type TrainingsPageData } from '../trainings/trainingsPage'

const root = document.getElementById('trainings-app')
if (root) new TrainingsPage(root, pageData<TrainingsPageData>())
