import { pageData } from '../api/client'
import { UploadPanel } from '../upload/uploadPanel'

const root = document.getElementById('upload-app')
const { upload, manifest_template, upload_max_bytes } = pageData<{
  upload: string | null
  manifest_template: string
  upload_max_bytes: number
}>()
if (root && upload) {
  new UploadPanel(root, { url: upload, template: manifest_template, maxBytes: upload_max_bytes })
}
