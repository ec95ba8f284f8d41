// Knowing a file again without sending it.

/**
 * The SHA-256 of a file as hexadecimal text; empty where the browser does not compute one (pages
 * without https, other than on this machine) or cannot read the file.
 */
export async function sha256(file: Blob): Promise<string> {
  if (!globalThis.crypto?.subtle) return ''
  try {
    const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer())
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  } catch {
    return ''
  }
}
