import { pageData } from '../api/client'
import { make } from '../elements'

const root = document.getElementById('assignment-app')
root?.replaceChildren(make('p', {}, pageData<{ readonly assignment: string }>().assignment))
