import { pageData } from '../api/client'
import { JobsPage, type JobsPageData } from '../jobs/jobsPage'

const root = document.getElementById('jobs-app')
if (root) new JobsPage(root, pageData<JobsPageData>())
