/** What a cell job displayed, where there is no JupyterLab to render it: pictures, pages in a sandbox, texts. */
import * as React from 'react';

import { pieces, PLAIN } from '../model/ansi';
import type { Look } from '../model/ansi';
import type { Output } from '../model/outputs';
import type { RunModel } from '../model/run';
import { bare } from '../run/Fold';
import type { Frame } from '../run/Fold';
import { useOutputs } from '../run/surroundings';
import { say } from '../words';

interface Props {
  model: RunModel;
  errors?: boolean;
  empty?: React.ReactNode;
  frame?: Frame;
}

export function Outputs({ model, errors = false, empty = null, frame = bare }: Props): JSX.Element {
  const outputs = useOutputs(model, errors);
  if (outputs.length === 0) {
    return <>{empty}</>;
  }
  return frame(<OutputArea outputs={outputs} />);
}

/** Outputs one below the other; nothing of them runs, trusted or not. */
export function OutputArea({ outputs }: { outputs: readonly Output[] }): JSX.Element {
  return (
    <div className="ts-outputs" data-trackside="outputs" data-count={outputs.length}>
      {outputs.map((output, index) => (
        <Shown key={index} output={output} />
      ))}
    </div>
  );
}

const PICTURES = ['image/svg+xml', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'];

function Shown({ output }: { output: Output }): JSX.Element {
  if (output.output_type === 'error') {
    return <Terminal text={output.traceback.join('\n') || `${output.ename}: ${output.evalue}`} />;
  }
  const { data } = output;
  const text = joined(data['text/plain']);
  const html = joined(data['text/html']);
  if (html) {
    return <Page html={html} />;
  }
  const mime = PICTURES.find(each => joined(data[each]));
  if (mime !== undefined) {
    return <img src={pictureUrl(mime, joined(data[mime]))} alt={text} />;
  }
  const json = data['application/json'];
  const written = joined(data['text/markdown']) || joined(data['text/latex']) || text;
  return <Terminal text={json === undefined ? written : JSON.stringify(json, null, 2)} />;
}

function pictureUrl(mime: string, data: string): string {
  return mime === 'image/svg+xml'
    ? `data:${mime};charset=utf-8,${encodeURIComponent(data)}`
    : `data:${mime};base64,${data.replace(/\s+/g, '')}`;
}

/** HTML of the job, without scripts and out of reach of the notebook; it takes the height that it needs, up to a limit. */
function Page({ html }: { html: string }): JSX.Element {
  const [height, setHeight] = React.useState(60);
  const loaded = (event: React.SyntheticEvent<HTMLIFrameElement>) => {
    const body = event.currentTarget.contentDocument?.documentElement;
    setHeight(Math.min(600, (body?.scrollHeight ?? 200) + 4));
  };
  return (
    <iframe
      className="ts-page-frame"
      title={say('Output')}
      sandbox="allow-same-origin"
      srcDoc={`${FRAME_STYLE}${html}`}
      style={{ height }}
      onLoad={loaded}
    />
  );
}

const FRAME_STYLE = `<style>
  body { margin: 8px; background: #fff; color: #222; font: 13px system-ui, sans-serif; }
  table { border-collapse: collapse; font-size: 12px; }
  th, td { padding: 3px 8px; text-align: right; }
  tr:nth-child(even) { background: #f5f5f5; }
</style>`;

/** Text with a terminal's colours. */
function Terminal({ text }: { text: string }): JSX.Element {
  let look: Look = PLAIN;
  const lines = text.split('\n').map(line => {
    const found = pieces(line, look);
    look = found.look;
    return found.pieces;
  });
  return (
    <pre>
      {lines.map((line, index) => (
        <React.Fragment key={index}>
          {line.map((piece, place) => (
            <span key={place} style={styleOf(piece.look)}>
              {piece.text}
            </span>
          ))}
          {'\n'}
        </React.Fragment>
      ))}
    </pre>
  );
}

function styleOf({ color, background, bold, italic, underline }: Look): React.CSSProperties {
  return {
    ...(color !== undefined && { color: named(color) }),
    ...(background !== undefined && { background: named(background) }),
    ...(bold && { fontWeight: 600 }),
    ...(italic && { fontStyle: 'italic' }),
    ...(underline && { textDecoration: 'underline' })
  };
}

function named(color: string): string {
  return color.startsWith('c') ? `var(--ts-ansi-${color.slice(1)})` : color;
}

function joined(value: unknown): string {
  return Array.isArray(value) ? value.join('') : typeof value === 'string' ? value : '';
}
