import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';

const SOURCE = join(__dirname, '../src');

/** What each part may import of the others: api ← model ← {charts} ← run ← {panel ← places ← index, widget}. */
const MAY: Record<string, string[]> = {
  api: [],
  words: ['api'],
  model: ['api'],
  charts: ['model'],
  run: ['api', 'model', 'charts', 'words'],
  panel: ['api', 'model', 'charts', 'run', 'words'],
  places: ['api', 'model', 'run', 'panel', 'words'],
  widget: ['api', 'model', 'charts', 'run', 'words'],
  index: ['api', 'model', 'charts', 'run', 'panel', 'places', 'words']
};

const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf-8' }).filter(name => /\.tsx?$/.test(name));
const part = (path: string) => path.split('/')[0]?.replace(/\.tsx?$/, '') ?? '';

function imports(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), 'utf-8');
  return [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(match => match[1] ?? '');
}

/** The text of a file without its comments. */
function code(file: string): string {
  return readFileSync(join(SOURCE, file), 'utf-8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
}

it('imports go one way', () => {
  const wrong = files.flatMap(file =>
    imports(file)
      .filter(name => name.startsWith('.'))
      .map(name => part(relative(SOURCE, join(SOURCE, file, '..', name))))
      .filter(to => to !== part(file) && !MAY[part(file)]?.includes(to))
      .map(to => `${file} imports ${to}`)
  );
  expect(wrong).toEqual([]);
});

it('the model knows no document and no JupyterLab', () => {
  const inside = files.filter(file => ['model', 'words'].includes(part(file)));
  const outside = inside.filter(
    file =>
      imports(file).some(name => /^@jupyterlab|^react|^@lumino/.test(name)) ||
      /\b(document|window|localStorage)\./.test(code(file))
  );
  expect(inside.length).toBeGreaterThan(10);
  expect(outside).toEqual([]);
});

it('no file is longer than 500 lines and none says any', () => {
  const texts = files
    .filter(file => file !== 'api/schema.ts')
    .map(file => ({ file, text: readFileSync(join(SOURCE, file), 'utf-8') }));
  expect(texts.filter(({ text }) => text.split('\n').length > 500).map(({ file }) => file)).toEqual([]);
  expect(texts.filter(({ text }) => /:\s*any\b|<any>|as any\b/.test(text)).map(({ file }) => file)).toEqual([]);
});

it('no function is longer than 50 lines', () => {
  const long: string[] = [];
  for (const file of files) {
    const kind = file.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
    const source = ts.createSourceFile(
      file,
      readFileSync(join(SOURCE, file), 'utf-8'),
      ts.ScriptTarget.Latest,
      true,
      kind
    );
    const line = (position: number) => source.getLineAndCharacterOfPosition(position).line;
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && line(node.end) - line(node.getStart()) >= 50) {
        long.push(`${file}:${line(node.getStart()) + 1}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  expect(long).toEqual([]);
});
