import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('.', import.meta.url))
const pages = readdirSync(`${root}src/pages`)
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .map((name) => `${root}src/pages/${name}`)

// One entry per page. Names of built files are neutral: they tell a reader of the page's source
// nothing about what a page shows.
export default defineConfig({
  root,
  base: '/static/',
  publicDir: false,
  build: {
    outDir: `${root}dist`,
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1100,
    assetsInlineLimit: 0,
    rollupOptions: {
      input: pages,
      output: {
        entryFileNames: 'assets/[hash].js',
        chunkFileNames: 'assets/[hash].js',
        assetFileNames: 'assets/[hash][extname]',
      },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
    // The page tests build real elements; everything else runs without a document.
    passWithNoTests: false,
  },
})
