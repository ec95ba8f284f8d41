import { pageData } from '../api/client'
import { type NewReferenceData, showNewReference } from '../reference/newReference'

const root = document.getElementById('new-reference')
if (root) showNewReference(root, pageData<NewReferenceData>())
