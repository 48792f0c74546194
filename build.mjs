// Bundles src/ into dist/: CommonJS, because on the way that udev runs, Node's ES module loader alone
// would cost a fifth of the hook's whole time.
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import process from 'node:process';
import { basename, dirname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
/** @type {{ version: string }} */
const { version } = JSON.parse(await readFile('package.json', 'utf8'));

// What udev, systemd and people start, and what those load only when they need it.
const bundles = [
  'src/hook.ts',
  'src/service.ts',
  'src/cli.ts',
  'src/by-hand.ts',
  'src/worker.ts',
  'src/survey.ts',
  'src/cleanup.ts',
  'src/doctor.ts',
  'src/complete.ts',
  'src/extras.ts',
  'src/host/syslog.ts',
  'src/host/logger.ts',
  'src/host/log-source.ts',
];

/** `await import('./worker.js')` becomes a require of the neighbouring bundle, read when it is reached. */
const importLate = {
  name: 'import-late',
  /** @param {import('esbuild').PluginBuild} builder */
  setup(builder) {
    builder.onResolve({ filter: /^\.{1,2}\// }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.js')}.cjs`, external: true } : undefined,
    );
  },
};

/** unix-dgram looks for its addon through `bindings`, by searching folders; ours lies beside the bundle. */
const addonBesideBundle = {
  name: 'addon-beside-bundle',
  /** @param {import('esbuild').PluginBuild} builder */
  setup(builder) {
    builder.onResolve({ filter: /^bindings$/ }, () => ({ path: 'bindings', namespace: 'addon' }));
    builder.onResolve({ filter: /unix_dgram\.node$/ }, ({ path }) => ({ path, external: true }));
    builder.onLoad({ filter: /.*/, namespace: 'addon' }, () => ({
      contents: 'module.exports = () => require("./unix_dgram.node");',
    }));
  },
};

const addon = findAddon();
await rm('dist', { recursive: true, force: true });
await mkdir('dist');
await build({
  entryPoints: bundles.map((path) => ({ in: path, out: basename(path, '.ts') })),
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node18.19',
  format: 'cjs',
  supported: { 'dynamic-import': false },
  sourcemap: true,
  // Node reads every byte of it at each start.
  minify: true,
  legalComments: 'external',
  sourcesContent: false,
  alias: { yargs: require.resolve('yargs') },
  define: { __VERSION__: JSON.stringify(version) },
  // Not there, it is looked for in vain when the first line is logged, and that goes to stderr.
  external: addon === undefined ? ['unix-dgram'] : [],
  plugins: [importLate, addonBesideBundle],
  logLevel: 'warning',
});

// It is for the build alone.
/** @type {{ writeExtras: () => Promise<Record<string, string>> }} */
const { writeExtras } = require(resolve('dist/extras.cjs'));
for (const [name, text] of Object.entries(await writeExtras())) await writeFile(`dist/${name}`, text);
for (const file of ['extras.cjs', 'extras.cjs.map']) await rm(`dist/${file}`);

if (addon === undefined) {
  process.stderr.write(
    'unix-dgram was not compiled here (it wants python3, make and g++): log lines will go to stderr.\n',
  );
} else {
  await copyFile(addon, 'dist/unix_dgram.node');
}

/** Where npm compiled unix-dgram, an optional dependency of winston-syslog's. */
function findAddon() {
  try {
    const path = join(dirname(require.resolve('unix-dgram/package.json')), 'build/Release/unix_dgram.node');
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
