// Draws the OpenAPI document. Every text goes in as text, so nothing in the document can become markup.

const VERBS = ['get', 'post', 'put', 'patch', 'delete'];
const $ = (id) => document.getElementById(id);

function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const codes = (text) => text.split('`').map((piece, index) => (index % 2 ? el('code', {}, piece) : piece));

/** A description, where `code` stands between backticks, a blank line ends a paragraph, `## ` begins a heading and `* ` an item of a list. */
function prose(text) {
  return (text ?? '').split(/\n\s*\n/).filter(Boolean).map((part) => {
    if (part.startsWith('## ')) return el('h2', {}, codes(part.slice(3)));
    const lines = part.split('\n');
    return lines.every((line) => line.startsWith('* ')) ? el('ul', {}, lines.map((line) => el('li', {}, codes(line.slice(2))))) : el('p', {}, codes(part));
  });
}

class Reference {
  constructor(document) {
    this.document = document;
  }

  resolve(node) {
    let found = node;
    for (let depth = 0; found?.$ref && depth < 8; depth += 1) {
      found = found.$ref.replace(/^#\//, '').split('/').reduce((at, key) => at?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], this.document);
    }
    return found ?? {};
  }

  /** The parts of an `allOf` as one object schema. */
  flat(schema) {
    const own = this.resolve(schema);
    if (!own.allOf) return own;
    const parts = [...own.allOf.map((part) => this.flat(part)), own];
    return {
      ...Object.assign({}, ...parts),
      properties: Object.assign({}, ...parts.map((part) => part.properties ?? {})),
      required: parts.flatMap((part) => part.required ?? []),
    };
  }

  /** The schema of one value, without the `null` that a nullable one may be. */
  unwrap(schema) {
    const own = this.flat(schema);
    const choices = own.oneOf ?? own.anyOf;
    if (!choices) return { own, nullable: [own.type].flat().includes('null') };
    const real = choices.filter((choice) => this.flat(choice).type !== 'null');
    return { own: real.length === 1 ? { ...this.flat(real[0]), description: own.description } : own, nullable: real.length < choices.length };
  }

  operations() {
    return Object.entries(this.document.paths ?? {}).flatMap(([path, item]) =>
      VERBS.filter((verb) => item[verb]).map((verb) => ({
        path, verb, ...item[verb],
        parameters: [...(item.parameters ?? []), ...(item[verb].parameters ?? [])].map((each) => this.resolve(each)),
      })));
  }

  byTag() {
    const tags = new Map((this.document.tags ?? []).map((tag) => [tag.name, { ...tag, operations: [] }]));
    for (const operation of this.operations()) {
      const name = operation.tags?.[0] ?? 'other';
      if (!tags.has(name)) tags.set(name, { name, operations: [] });
      tags.get(name).operations.push(operation);
    }
    return [...tags.values()].filter((tag) => tag.operations.length);
  }
}

const title = (tag) => tag.name.replaceAll('_', ' ').replace(/^./, (letter) => letter.toUpperCase());
const matches = (schema) => schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);

function typeName(reference, schema) {
  const { own, nullable } = reference.unwrap(schema);
  const kinds = [own.type ?? (own.properties ? 'object' : 'any')].flat().filter((kind) => kind !== 'null');
  const name = own.type === 'array' || kinds.includes('array')
    ? `list of ${typeName(reference, own.items ?? {})}`
    : `${kinds.join(' or ')}${own.format ? ` (${own.format})` : ''}`;
  return nullable ? `${name} or null` : name;
}

function between(least, most) {
  if (least === undefined && most === undefined) return undefined;
  if (least === undefined) return `at most ${most}`;
  return most === undefined ? `at least ${least}` : `${least} to ${most}`;
}

function limits(own) {
  const items = own.items ?? {};
  const facts = [
    [between(own.minLength, own.maxLength), (range) => `${range} characters`],
    [between(own.minimum, own.maximum), (range) => range],
    [between(own.minItems, own.maxItems), (range) => `${range} items`],
    [own.default, (value) => `default ${JSON.stringify(value)}`],
    [own.pattern ?? items.pattern, (pattern) => `matches ${pattern}`],
  ];
  return facts.filter(([value]) => value !== undefined).map(([value, say]) => say(value)).join(', ');
}

function meaning(reference, schema, description) {
  const { own } = reference.unwrap(schema);
  const all = matches(own) ?? matches(reference.unwrap(own.items ?? {}).own);
  const choices = all?.length > 1 ? all : undefined;
  const bounds = limits(own);
  return [
    prose(description ?? own.description),
    choices && el('p', { class: 'choices' }, 'One of ', choices.map((choice, index) => [index ? ', ' : '', el('code', {}, String(choice))])),
    bounds && el('p', { class: 'limits' }, bounds),
  ];
}

/** The object schema inside a value, if there is one to unfold. */
function inner(reference, schema) {
  const { own } = reference.unwrap(schema);
  const items = own.items ? reference.unwrap(own.items).own : undefined;
  return [own, items].find((each) => each?.properties && Object.keys(each.properties).length);
}

function row(reference, { name, schema, required, description }, above, isAnswer) {
  const nested = inner(reference, schema);
  const open = nested && !above.includes(nested.properties);
  return el('tr', {},
    el('th', { scope: 'row' }, el('code', {}, name), required && el('span', { class: 'required' }, 'required')),
    el('td', {}, typeName(reference, schema)),
    el('td', {}, meaning(reference, schema, description),
      open && el('details', {}, el('summary', {}, `Fields of ${name}`), fields(reference, nested, above, isAnswer))));
}

function table(rows, caption) {
  const head = ['Name', 'Type', 'Meaning'].map((text) => el('th', { scope: 'col' }, text));
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', {}, el('thead', {}, el('tr', {}, head)), el('tbody', {}, rows)));
}

/** In an answer every field is there; only in a request it matters which are required. */
function fields(reference, schema, above, isAnswer) {
  const own = reference.flat(schema);
  const rows = Object.entries(own.properties ?? {}).map(([name, each]) =>
    row(reference, { name, schema: each, required: !isAnswer && own.required?.includes(name) }, [...above, own.properties], isAnswer));
  return rows.length ? table(rows, 'Fields') : el('p', {}, 'An object without fields.');
}

/** A value that the schema accepts, to start from. */
function example(reference, schema, depth = 0) {
  const { own } = reference.unwrap(schema);
  if (own.example !== undefined) return own.example;
  if (own.examples?.length) return own.examples[0];
  if (own.default !== undefined) return own.default;
  const choices = matches(own);
  if (choices) return choices[0];
  if (own.properties) {
    const wanted = Object.entries(own.properties).filter(([name]) => depth < 4 && (!own.required || own.required.includes(name)));
    return Object.fromEntries(wanted.map(([name, each]) => [name, example(reference, each, depth + 1)]));
  }
  const kind = [own.type].flat().find((each) => each !== 'null');
  const texts = { uuid: '01890a5d-ac96-774b-bcce-b302099a8057', 'date-time': '2026-01-31T09:30:00Z', email: 'ann@example.com', hostname: 'www.example.com' };
  const byKind = { array: () => [example(reference, own.items ?? {}, depth + 1)], boolean: () => true, integer: () => own.minimum ?? 1, number: () => own.minimum ?? 1, object: () => ({}) };
  return byKind[kind]?.() ?? texts[own.format] ?? 'text';
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(reference, operation, body, isPublic) {
  const path = operation.parameters.filter((each) => each.in === 'path')
    .reduce((at, each) => at.replace(`{${each.name}}`, example(reference, each.schema ?? {})), operation.path);
  const lines = [`curl ${operation.verb === 'get' ? '' : `-X ${operation.verb.toUpperCase()} `}${quoted(location.origin + path)}`];
  if (!isPublic) lines.push('-H "Authorization: Bearer $IGNY8_TOKEN"');
  if (operation.parameters.some((each) => each.in === 'header' && each.name.toLowerCase() === 'idempotency-key')) lines.push('-H "Idempotency-Key: $(uuidgen)"');
  if (body) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(example(reference, body), null, 2))}`);
  return lines.join(' \\\n  ');
}

function copyable(text) {
  const button = el('button', { type: 'button', class: 'copy' }, 'Copy');
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(text).then(() => true, () => false);
    button.textContent = copied ? 'Copied' : 'Not copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  return el('div', { class: 'example' }, el('pre', { tabindex: '0' }, el('code', {}, text)), button);
}

function jsonSchema(content) {
  return content?.['application/json']?.schema ?? Object.values(content ?? {})[0]?.schema;
}

function answers(reference, operation) {
  const all = Object.entries(operation.responses ?? {});
  const one = ([status, ref]) => {
    const answer = reference.resolve(ref);
    const schema = jsonSchema(answer.content);
    const good = status.startsWith('2');
    return el('details', { class: 'answer', open: good }, el('summary', {}, el('span', { class: `status s${status[0]}` }, status), ' ', answer.description ?? ''),
      schema && fields(reference, schema, [], true));
  };
  return [all.filter(([status]) => status.startsWith('2')).map(one),
    el('details', { class: 'failures' }, el('summary', {}, 'When it fails'), all.filter(([status]) => !status.startsWith('2')).map(one))];
}

function article(reference, operation) {
  const isPublic = (operation.security ?? reference.document.security ?? []).every((each) => !Object.keys(each).length);
  const body = jsonSchema(reference.resolve(operation.requestBody).content);
  const parameters = operation.parameters.map((each) => row(reference, { schema: {}, ...each }, []));
  return el('article', { id: operation.operationId, 'data-words': `${operation.operationId} ${operation.verb} ${operation.path} ${operation.summary ?? ''}`.toLowerCase().replaceAll('_', ' ') },
    el('h3', {}, el('span', { class: `verb ${operation.verb}` }, operation.verb), el('code', {}, operation.path),
      el('a', { class: 'anchor', href: `#${operation.operationId}`, 'aria-label': `Link to ${operation.operationId}` }, '#')),
    operation.summary && !operation.description?.startsWith(operation.summary) && el('p', { class: 'summary' }, operation.summary),
    prose(operation.description),
    parameters.length > 0 && [el('h4', {}, 'Parameters'), table(parameters, 'Parameters')],
    body && [el('h4', {}, 'Body'), fields(reference, body, [])],
    el('h4', {}, 'Answers'), answers(reference, operation),
    el('h4', {}, 'Example'), copyable(curl(reference, operation, body, isPublic)));
}

function search() {
  const words = $('search').value.toLowerCase().replaceAll('_', ' ').split(/\s+/).filter(Boolean);
  for (const each of document.querySelectorAll('article')) {
    each.hidden = !words.every((word) => each.dataset.words.includes(word));
    document.querySelector(`nav li[data-for="${each.id}"]`).hidden = each.hidden;
  }
  for (const section of document.querySelectorAll('section[data-tag]')) {
    section.hidden = !section.querySelector('article:not([hidden])');
    document.querySelector(`nav [data-tag="${section.dataset.tag}"]`).hidden = section.hidden;
  }
}

function draw(reference) {
  const { info = {} } = reference.document;
  document.title = `${info.title ?? 'API'} reference`;
  $('version').textContent = info.version ?? '';
  const tags = reference.byTag();
  $('nav').replaceChildren(...tags.map((tag) => el('div', { 'data-tag': tag.name }, el('h2', {}, title(tag)), el('ul', {},
    tag.operations.map((each) => el('li', { 'data-for': each.operationId }, el('a', { href: `#${each.operationId}` },
      el('span', { class: `verb ${each.verb}` }, each.verb), ' ', each.summary ?? each.operationId)))))));
  $('main').replaceChildren(el('h1', {}, info.title ?? 'API'), ...prose(info.description), ...tags.map((tag) =>
    el('section', { 'data-tag': tag.name, 'aria-label': title(tag) }, el('h2', {}, title(tag)), prose(tag.description),
      tag.operations.map((each) => article(reference, each)))));
  $('search').addEventListener('input', search);
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

try {
  const answer = await fetch('/api/v1/openapi.json');
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  draw(new Reference(await answer.json()));
} catch (error) {
  $('status').textContent = `The reference could not be loaded: ${error.message}. Reload the page to try again.`;
}
