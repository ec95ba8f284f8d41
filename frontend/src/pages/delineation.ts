import { pageData } from '../api/client'
import { make } from '../elements'

const root = document.getElementById('editor')
root?.replaceChildren(make('p', {}, pageData<{ readonly delineation: string }>().delineation))
