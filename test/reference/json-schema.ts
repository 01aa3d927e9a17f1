// As much of JSON Schema (draft 2020-12) as our schema uses, written from the specification's
// sentences, to hold the printed schema against the loader.

type Schema = Readonly<Record<string, unknown>>;

const KNOWN = new Set(
  (
    '$schema $id title description default type enum const anyOf properties required ' +
    'additionalProperties items minItems uniqueItems minLength pattern minimum maximum'
  ).split(' '),
);

/** Throws on a keyword it does not know, so that a new one in the schema is not passed over. */
export function accepts(schema: Schema, value: unknown): boolean {
  for (const key of Object.keys(schema)) if (!KNOWN.has(key)) throw new Error(`keyword ${key}`);
  return (
    isType(schema.type, value) &&
    (schema.enum === undefined || (schema.enum as unknown[]).includes(value)) &&
    (schema.const === undefined || schema.const === value) &&
    (schema.anyOf === undefined || (schema.anyOf as Schema[]).some((s) => accepts(s, value))) &&
    objectRules(schema, value) &&
    arrayRules(schema, value) &&
    scalarRules(schema, value)
  );
}

function isType(type: unknown, value: unknown): boolean {
  if (type === undefined) return true;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectRules(schema: Schema, value: unknown): boolean {
  if (!isObject(value)) return true;
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const required = (schema.required ?? []) as string[];
  if (!required.every((name) => Object.hasOwn(value, name))) return false;
  return Object.entries(value).every(([name, inner]) =>
    Object.hasOwn(properties, name)
      ? accepts(properties[name]!, inner)
      : schema.additionalProperties !== false,
  );
}

function arrayRules(schema: Schema, value: unknown): boolean {
  if (!Array.isArray(value)) return true;
  if (value.length < ((schema.minItems as number) ?? 0)) return false;
  if (schema.uniqueItems === true && new Set(value).size < value.length) return false;
  return schema.items === undefined || value.every((item) => accepts(schema.items as Schema, item));
}

function scalarRules(schema: Schema, value: unknown): boolean {
  if (typeof value === 'string') {
    if (value.length < ((schema.minLength as number) ?? 0)) return false;
    return schema.pattern === undefined || new RegExp(schema.pattern as string, 'u').test(value);
  }
  if (typeof value !== 'number') return true;
  const { minimum = -Infinity, maximum = Infinity } = schema as Record<string, number>;
  return value >= minimum && value <= maximum;
}
