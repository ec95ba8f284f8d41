import { pageData } from '../api/client'
import { type ReferencePageData, showReference } from '../reference/referencePage'

const root = document.getElementById('reference-app')
if (root) void showReference(root, pageData<ReferencePageData>())
