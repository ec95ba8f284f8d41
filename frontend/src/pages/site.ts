// What every page shares: the styles.
import '../styles/base.css'
