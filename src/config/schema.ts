// The JSON schema of the configuration file (draft 2020-12), from the table of menus: for editors,
// which complete and underline by it. It is a little wider than the loader, never narrower.
import type { Menu, Property } from './menu.js';
import { MENUS } from './menus.js';

type Schema = Readonly<Record<string, unknown>>;

const SCHEMA_ID = 'https://culvert.example/schema/culvert.schema.json';

export function buildSchema(): Schema {
  const menus = MENUS.map((menu) => [menu.name, menuSchema(menu)] as const);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: SCHEMA_ID,
    title: 'Culvert configuration',
    description: 'Printed from src/config by `npm run docs`.',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(menus) },
    additionalProperties: false,
  };
}

function menuSchema(menu: Menu): Schema {
  const entry = {
    type: 'object',
    properties: Object.fromEntries(menu.properties.map((row) => [row.name, propertySchema(row)])),
    required: menu.properties.filter((row) => row.default === undefined).map((row) => row.name),
    additionalProperties: false,
  };
  const description = menu.text;
  return menu.list ? { description, type: 'array', items: entry } : { description, ...entry };
}

/** The sentence of the reference becomes the editor's tooltip. */
const propertySchema = ({ kind, text, default: value }: Property): Schema => ({
  description: text,
  ...kind.schema,
  ...(value === undefined ? {} : { default: value }),
});
