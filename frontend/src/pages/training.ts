import '../styles/training.css'
import { pageData } from '../api/client'
import { TrainingPage, type TrainingPageData } from '../trainings/trainingPage'

const root = document.getElementById('training-app')
if (root) new TrainingPage(root, pageData<TrainingPageData>())
