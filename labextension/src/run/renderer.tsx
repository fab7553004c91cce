/** The MIME renderer: a thin widget that loads the panels when the first one is shown. */
import type { IRenderMime } from '@jupyterlab/rendermime';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { SightPace } from '../charts/pace';
import { MIME_TYPE, readBundle } from '../model/bundle';
import type { Bundle } from '../model/bundle';
import { Saved, outdatedWords } from './Saved';
import { Here, Paced } from './surroundings';
import type { Surroundings } from './surroundings';

const Embedded = React.lazy(() =>
  import('./Embedded').then(
    ({ Embedded }) => ({ default: Embedded }),
    () => ({ default: Outdated })
  )
);

function Outdated({ picture, text }: { bundle: Bundle; picture: string | null; text: string }): JSX.Element {
  return <Saved words={outdatedWords()} picture={picture} text={text} />;
}

export class RunRenderer extends ReactWidget implements IRenderMime.IRenderer {
  private shown: { bundle: Bundle | null; picture: string | null; text: string } | null = null;

  private readonly pace = new SightPace(this.node);

  constructor(private readonly surroundings: () => Surroundings) {
    super();
    this.addClass('ts-rendered');
  }

  override dispose(): void {
    this.pace.dispose();
    super.dispose();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const { data } = model;
    const picture = data['image/png'];
    this.shown = {
      bundle: readBundle(data[MIME_TYPE]),
      picture: typeof picture === 'string' ? picture.replace(/\s+/g, '') : null,
      text: String(data['text/plain'] ?? '')
    };
    this.update();
    await this.renderPromise;
  }

  protected override render(): JSX.Element {
    if (this.shown === null) {
      return <></>;
    }
    const { bundle, picture, text } = this.shown;
    if (bundle === null) {
      return picture === null ? <pre>{text}</pre> : <img src={`data:image/png;base64,${picture}`} alt={text} />;
    }
    return (
      <Here.Provider value={this.surroundings()}>
        <Paced.Provider value={this.pace}>
          <React.Suspense fallback={<div className="ts-loading" />}>
            <Embedded bundle={bundle} picture={picture} text={text} />
          </React.Suspense>
        </Paced.Provider>
      </Here.Provider>
    );
  }
}

/** The factory to be registered before pictures, texts and widgets (whose rank is -10) are considered. */
export function rendererFactory(surroundings: () => Surroundings): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [MIME_TYPE],
    defaultRank: -20,
    createRenderer: () => new RunRenderer(surroundings)
  };
}
