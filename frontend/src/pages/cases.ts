import { pageData } from '../api/client'
import { UploadPanel } from '../upload/uploadPanel'

const root = document.getElementById('upload-app')
const { upload_to, manifest_template, upload_max_bytes } = pageData<{
  /** The cohort that one may send cases to. */
  upload_to: string | null
  manifest_template: string
  upload_max_bytes: number
}>()
if (root && upload_to) {
  new UploadPanel(root, {
    cohort: upload_to,
    template: manifest_template,
    maxBytes: upload_max_bytes,
  })
}
