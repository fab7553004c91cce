/** What a file is by its name, and so how it is looked at. Pure. */

export type Kind =
  | { readonly type: 'picture'; readonly mime: string }
  | { readonly type: 'table' }
  | { readonly type: 'json' | 'notebook' | 'text' | 'unknown' }
  /** A known kind that is not shown. */
  | { readonly type: 'closed'; readonly what: Closed };

export type Closed = 'weights' | 'arrays' | 'pickle' | 'archive' | 'document' | 'sound' | 'video' | 'database';

const PICTURES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  bmp: 'image/bmp',
  svg: 'image/svg+xml'
};
const ENDINGS: readonly (readonly [RegExp, Kind])[] = [
  [/^(csv|tsv|tab|parquet|pq)$/, { type: 'table' }],
  [/^(json|geojson)$/, { type: 'json' }],
  [/^ipynb$/, { type: 'notebook' }],
  [
    /^(txt|log|md|rst|jsonl|ndjson|ya?ml|toml|ini|cfg|py|r|jl|sh|diff|patch|xml|html?|css|js|ts|tex)$/,
    { type: 'text' }
  ],
  [/^(pth?|ckpt|safetensors|onnx|gguf|keras|h5|hdf5)$/, { type: 'closed', what: 'weights' }],
  [/^np[yz]$/, { type: 'closed', what: 'arrays' }],
  [/^(pkl|pickle|joblib)$/, { type: 'closed', what: 'pickle' }],
  [/^(zip|gz|tgz|tar|bz2|xz|zst|7z|whl)$/, { type: 'closed', what: 'archive' }],
  [/^(pdf|docx?|xlsx?|pptx?)$/, { type: 'closed', what: 'document' }],
  [/^(wav|mp3|flac|ogg)$/, { type: 'closed', what: 'sound' }],
  [/^(mp4|webm|mov|avi|mkv)$/, { type: 'closed', what: 'video' }],
  [/^(db|sqlite3?|duckdb)$/, { type: 'closed', what: 'database' }]
];

/** Return the kind of a file; `unknown` is to be looked at: it may be a text. */
export function kindOf(path: string): Kind {
  const ending = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  const mime = PICTURES[ending];
  if (mime !== undefined) {
    return { type: 'picture', mime };
  }
  return ENDINGS.find(([endings]) => endings.test(ending))?.[1] ?? { type: 'unknown' };
}

/** Return the bytes as a text, without a character cut off at their end; null for what is no text. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
