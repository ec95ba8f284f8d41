import { pageData } from '../api/client'
import { UploadPanel } from '../upload/uploadPanel'

const root = document.getElementById('upload-app')
const { upload } = pageData<{ upload: string | null }>()
if (root && upload) new UploadPanel(root, upload)
