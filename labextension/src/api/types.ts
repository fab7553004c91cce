/** The wire values by their short names; `schema.ts` is generated from the server's OpenAPI file. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Artifact = Schemas['Artifact'];
export type ArtifactPage = Schemas['ArtifactPage'];
export type Comparison = Schemas['Comparison'];
export type Event = Schemas['Event'];
export type Explanation = Schemas['Explanation'];
export type Gpu = Schemas['Gpu'];
export type GpuHolder = Schemas['GpuHolder'];
export type GpuReport = Schemas['GpuReport'];
export type Health = Schemas['Health'];
export type Job = Schemas['Job'];
export type JobPage = Schemas['JobPage'];
export type JobSpec = Schemas['JobSpec'];
export type Limit = Schemas['Limit'];
export type LogMatch = Schemas['LogMatch'];
export type LogMatches = Schemas['LogMatches'];
export type MediaKind = MediaRecord['kind'];
export type MediaPage = Schemas['MediaPage'];
export type MediaRecord = Schemas['MediaRecord'];
export type Metrics = Schemas['Metrics'];
export type Progress = Schemas['Progress'];
export type Queue = Schemas['Queue'];
export type Reason = Schemas['Reason'];
export type RunInfo = Schemas['RunInfo'];
export type RunPage = Schemas['RunPage'];
export type Series = Schemas['Series'];
export type ServerMessage = Schemas['ServerMessage'];
export type Status = Job['status'];
export type Subscribe = Schemas['Subscribe'];
export type SystemSample = Schemas['SystemSample'];
export type TablePreview = Schemas['TablePreview'];
export type Channel = Subscribe['channel'];

/** A record of `metrics.jsonl` or `outputs.jsonl`: an object whose values are to be looked at before use. */
export type Fields = { readonly [key: string]: unknown };
