/**
 * Builds the panels' code for the notebook widget: for each kind of panel one ES module with its style sheet inside.
 *
 *     node widget.mjs [--what]        what: also list which source takes how much
 *
 * Preact stands for React and a small renderer for JupyterLab's; what another kind of panel shows is left out.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const HERE = dirname(fileURLToPath(import.meta.url));
const TARGET = join(HERE, '../ipy_ext/trackside/display/static');
const MOST = 150_000;
const RULE = /([^{}]+)\{([^{}]*)\}/g;
/** Stands for the style sheet until it is known which rules the code needs. */
const SHEET = 'style-sheet-of-this-panel';

/** Components of the other kinds, by the name under which run/Embedded imports them. */
const LEFT_OUT = {
  job: ['Track', 'Artifacts'],
  track: ['RunPanel', 'Artifacts', 'Header'],
  artifacts: ['Track', 'RunPanel']
};

async function styleSheet() {
  const options = { entryPoints: [join(HERE, 'style/widget.css')], bundle: true, minify: true, write: false };
  const { outputFiles } = await build(options);
  return outputFiles[0].text.replaceAll(':is(.trackside,.ts-rendered)', '.ts-rendered');
}

/** The rules for classes that the code names; `ts-dot-${` in the code stands for all that begin so. */
function needed(sheet, code) {
  const begins = name =>
    name.split('-').some((_, at, parts) => at > 1 && code.includes(`${parts.slice(0, at).join('-')}-\${`));
  const named = text =>
    [...text.matchAll(/\.(ts-[a-z0-9-]+)/g)].every(([, name]) => code.includes(name) || begins(name));
  const lives = selector => {
    const must = selector.replace(/:not\([^()]*\)/g, '');
    const choices = [...must.matchAll(/:is\(([^()]*)\)/g)].map(([, list]) => list.split(','));
    return choices.every(list => list.some(named)) && named(must.replace(/:is\([^()]*\)/g, ''));
  };
  return sheet.replace(RULE, (rule, selectors, body) => {
    const kept = selectors.split(/,(?![^(]*\))/).filter(lives);
    return kept.length > 0 ? `${kept.join()}{${body}}` : '';
  });
}

/** The rules of one sheet that are not in another. */
function beyond(sheet, other) {
  const there = new Set(other.match(RULE));
  return sheet.replace(RULE, rule => (there.has(rule) ? '' : rule)).replace(/@media[^{}]*\{\}/g, '');
}

/** uPlot without the ways to draw a line that no chart here asks for. */
function onlyLines(source) {
  const trimmed = source.replace(/^\t\(?(paths\.(stepped|bars|spline)|uPlot\.join) *= \w+\)?;$/gm, '');
  if (source.length - trimmed.length < 80) {
    throw new Error('uPlot is written otherwise than it was: look at onlyLines.');
  }
  return trimmed;
}

/** Parts of a job's panel whose code comes later, by the file that imports them. */
const LATER = {
  'RunPanel.tsx': ['Artifacts', 'Media', 'MetricsSection', 'Outputs', 'Results', 'Usage'],
  'LogView.tsx': ['SearchBar']
};

const standIns = kind => ({
  name: 'stand-ins',
  setup({ onResolve, onLoad }) {
    if (kind === 'parts') {
      onResolve({ filter: /^react$|\/surroundings$/ }, ({ path }) => ({ path, external: true }));
    } else {
      onResolve({ filter: /^react$/ }, () => ({ path: join(HERE, 'src/widget/react.ts') }));
      onResolve({ filter: /^\.\// }, ({ path, importer }) => leftOut(kind, path.slice(2), basename(importer)));
    }
    onResolve({ filter: /\/Outputs$/ }, () => ({ path: join(HERE, 'src/widget/Outputs.tsx') }));
    onResolve({ filter: /^panel-style$/ }, () => ({ path: 'panel-style', namespace: 'style' }));
    onLoad({ filter: /.*/, namespace: 'style' }, () => ({ contents: SHEET, loader: 'text' }));
    onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => ({ contents: onlyLines(readFileSync(path, 'utf-8')) }));
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({ contents: `export const ${path} = () => null;` }));
    onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: `import { later } from './src/widget/later';\nexport const ${path} = later('${path}');`,
      resolveDir: HERE
    }));
  }
});

function leftOut(kind, name, importer) {
  if (importer === 'Embedded.tsx' && LEFT_OUT[kind].includes(name)) {
    return { path: name, namespace: 'left-out' };
  }
  return LATER[importer]?.includes(name) ? { path: name, namespace: 'later' } : undefined;
}

/** Parts are a function of what they share with the panel that they join, by the name of its module. */
const PARTS = {
  entryPoints: [join(HERE, 'src/widget/parts.ts')],
  format: 'cjs',
  banner: { js: 'export default require=>{const module={exports:{}};let exports;' },
  footer: { js: 'return module.exports}' }
};

/** Write one module; `host` is the one that it joins. Answers its code and style sheet. */
async function make(kind, host = { code: '', sheet: '' }) {
  const outfile = join(TARGET, `${kind}.js`);
  const { metafile, warnings, outputFiles } = await build({
    entryPoints: [join(HERE, 'src/widget/index.tsx')],
    outfile,
    bundle: true,
    minify: true,
    charset: 'utf8',
    format: 'esm',
    target: 'es2022',
    metafile: true,
    write: false,
    plugins: [standIns(kind)],
    ...(kind === 'parts' && PARTS),
    logLevel: 'warning'
  });
  if (process.argv.includes('--what')) {
    const inputs = Object.values(metafile.outputs).flatMap(output => Object.entries(output.inputs));
    inputs.sort((a, b) => b[1].bytesInOutput - a[1].bytesInOutput);
    inputs.forEach(([name, { bytesInOutput }]) => console.log(String(bytesInOutput).padStart(8), name));
  }
  const code = outputFiles[0].text;
  const sheet = beyond(needed(WHOLE, host.code + code), host.sheet);
  writeFileSync(
    outfile,
    code.replace(SHEET, () => JSON.stringify(sheet).slice(1, -1))
  );
  const { size } = statSync(outfile);
  console.log(`${kind}.js: ${(size / 1000).toFixed(1)} kB of at most ${MOST / 1000}`);
  if (size > MOST || warnings.length > 0) {
    process.exitCode = 1;
  }
  return { code, sheet };
}

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
const WHOLE = await styleSheet();
const job = await make('job');
await make('track');
await make('artifacts');
await make('parts', job);
