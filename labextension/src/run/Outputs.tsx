/** What a cell job displayed, rendered as the notebook would have rendered it. */
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { IOutput } from '@jupyterlab/nbformat';
import { Widget } from '@lumino/widgets';
import { MessageLoop } from '@lumino/messaging';
import * as React from 'react';

import type { Output } from '../model/outputs';
import type { RunModel } from '../model/run';
import { bare } from './Fold';
import type { Frame } from './Fold';
import { useHere, useOutputs } from './surroundings';

interface Props {
  model: RunModel;
  /** Whether tracebacks are shown too, which the log beside it has already. */
  errors?: boolean;
  empty?: React.ReactNode;
  /** What stands around them where there are any. */
  frame?: Frame;
}

export function Outputs({ model, errors = false, empty = null, frame = bare }: Props): JSX.Element {
  const outputs = useOutputs(model, errors);
  return outputs.length === 0 ? <>{empty}</> : frame(<OutputArea outputs={outputs} trusted={true} />);
}

/** JupyterLab's own output area inside React. What a cell of ours showed is trusted; scripts of others do not run. */
export function OutputArea({ outputs, trusted }: { outputs: readonly Output[]; trusted: boolean }): JSX.Element {
  const { rendermime } = useHere();
  const host = React.useRef<HTMLDivElement>(null);
  const area = React.useRef<SimplifiedOutputArea | null>(null);
  React.useEffect(() => {
    const node = host.current;
    if (node === null) {
      return;
    }
    const widget = new SimplifiedOutputArea({ model: new OutputAreaModel({ trusted }), rendermime });
    area.current = widget;
    MessageLoop.sendMessage(widget, Widget.Msg.BeforeAttach);
    node.appendChild(widget.node);
    MessageLoop.sendMessage(widget, Widget.Msg.AfterAttach);
    return () => {
      MessageLoop.sendMessage(widget, Widget.Msg.BeforeDetach);
      widget.node.remove();
      MessageLoop.sendMessage(widget, Widget.Msg.AfterDetach);
      widget.dispose();
    };
  }, [rendermime, trusted]);
  React.useEffect(() => {
    area.current?.model.fromJSON(outputs as unknown as IOutput[]);
  }, [outputs, rendermime, trusted]);
  return <div className="ts-outputs" data-trackside="outputs" data-count={outputs.length} ref={host} />;
}
