import '../viewer/viewer.css' // first: the pages' own rules go over it
import '../styles/reading.css'
import { pageData } from '../api/client'
import { type ReadingPageData, startReading } from '../reading/session'

const root = document.getElementById('reading-room')
if (root) void startReading(root, pageData<ReadingPageData>())
