import '../viewer/viewer.css' // first: the pages' own rules go over it
import '../styles/reading.css'
import '../styles/editor.css'
import '../styles/delineating.css'
import { pageData } from '../api/client'
import { type DelineationPageData, showDelineation } from '../delineating/delineationPage'

const root = document.getElementById('editor')
if (root) void showDelineation(root, pageData<DelineationPageData>())
