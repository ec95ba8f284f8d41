import '../styles/delineating.css'
import { pageData } from '../api/client'
import { type AssignmentPageData, showAssignment } from '../delineating/assignmentPage'

const root = document.getElementById('assignment-app')
if (root) void showAssignment(root, pageData<AssignmentPageData>())
