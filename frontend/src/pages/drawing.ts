import '../viewer/viewer.css' // first: the pages' own rules go over it
import '../styles/reading.css'
import '../styles/editor.css'
import { pageData } from '../api/client'
import { type DrawingPageData, findDrawing } from '../editor/maskTask'
import { openEditor } from '../editor/openEditor'

const root = document.getElementById('editor')
if (root) {
  const data = pageData<DrawingPageData>()
  const { owner, login, id, case_page } = data
  const page = { owner, login, key: id, home: case_page }
  void openEditor(root, page, (kept) => findDrawing(data, kept))
}
