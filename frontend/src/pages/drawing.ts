import '../viewer/viewer.css' // first: the pages' own rules go over it
import '../styles/reading.css'
import '../styles/editor.css'
import { pageData } from '../api/client'
import { type EditorPageData, openEditor } from '../editor/editor'

const root = document.getElementById('editor')
if (root) void openEditor(root, pageData<EditorPageData>())
