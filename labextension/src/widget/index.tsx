/**
 * A panel as a widget of anywidget, for front ends without our lab extension: VS Code, Colab and the like.
 *
 * The same panels over the same model as in JupyterLab; only the way to the server differs, which is through the kernel.
 */
import * as React from 'react';

import { connect } from '../api/connect';
import { KernelTransport } from '../api/kernel';
import type { WidgetModel } from '../api/kernel';
import { onFrame } from '../charts/frame';
import { SightPace } from '../charts/pace';
import { readBundle } from '../model/bundle';
import { Cell } from '../model/cell';
import { Memory } from '../model/memory';
import { USUAL } from '../model/preferences';
import { Trackside } from '../model/trackside';
import type { Surroundings } from '../run/surroundings';
import { makeActions } from './actions';
import { downloadHere } from './download';
import { fetchParts } from './later';
import { mount } from './mount';
import { Shell } from './Shell';
import type { Notice } from './Shell';
import { dress } from './theme';

interface Host {
  readonly model: WidgetModel;
  readonly el: HTMLElement;
}

/** Show the panel of the model's bundle in an element; the answer takes it away again. */
function render({ model, el }: Host): () => void {
  const bundle = readBundle(model.get('bundle'));
  const text = String(model.get('text') ?? '');
  const transport = new KernelTransport(model);
  const { rest, live, dispose } = connect(transport);
  const trackside = new Trackside(rest, live, onFrame);
  const notice = new Cell<Notice>({ waiting: 0, told: '' });
  transport.onWaiting = waiting => notice.update(before => ({ ...before, waiting }));
  transport.onLink = up => trackside.lost.set(!up);
  const say = (told: string) => notice.update(before => ({ ...before, told }));
  const undress = dress(el, bundle?.kind ?? '');
  const keepLinks = downloadHere(el, rest, transport.base, say);
  // JupyterLab's registry of renderers is used by run/Outputs alone, in whose place the build puts widget/Outputs
  const here = {
    trackside,
    actions: makeActions(rest, say),
    memory: new Memory(),
    preferences: new Cell(USUAL)
  } as unknown as Surroundings;
  const pace = new SightPace(el);
  const unmount = mount(<Shell here={here} pace={pace} bundle={bundle} text={text} notice={notice} />, el);
  if (bundle?.kind === 'job') {
    void fetchParts(el, transport);
  }
  return () => {
    unmount();
    pace.dispose();
    keepLinks();
    undress();
    dispose();
    transport.dispose();
  };
}

export default { render };
